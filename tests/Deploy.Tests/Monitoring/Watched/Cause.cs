namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>What makes alerts fire.</summary>
/// <param name="What">As a sentence.</param>
/// <param name="Alerts">Those that are delivered while it lasts.</param>
/// <param name="Begin">Begins it. What it returns ends it.</param>
internal sealed record Cause(string What, string[] Alerts, Func<WatchedHosts, Task<IAsyncDisposable>> Begin)
{
    /// <summary>Those that fire and are held back, because one of <see cref="Alerts"/> explains them.</summary>
    public string[] HeldBack { get; init; } = [];

    /// <summary>Those that are delivered once the cause has ended, when the faster ones no longer fire.</summary>
    public string[] Afterwards { get; init; } = [];

    /// <summary>It lasts from the beginning, so its alerts may fire already.</summary>
    public bool IsLasting { get; init; }
}
