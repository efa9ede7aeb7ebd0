namespace Veza.EventStore.Coordination;

/// <summary>How often and how soon a failed event is tried again before it is parked.</summary>
/// <param name="AttemptsMax">The first one included.</param>
/// <param name="WaitMin">Before the second attempt; doubled after each further one.</param>
public sealed record Retries(int AttemptsMax, TimeSpan WaitMin, TimeSpan WaitMax)
{
    /// <summary>
    /// Some six seconds in all: a fold depends on its event and its row alone, so a fault that lasts as long stays.
    /// </summary>
    public static readonly Retries OfProjections = new(
        AttemptsMax: 6,
        WaitMin: TimeSpan.FromMilliseconds(200),
        WaitMax: TimeSpan.FromSeconds(30)
    );

    /// <param name="failed">Attempts that have failed, 1 or more.</param>
    public TimeSpan WaitAfter(int failed)
    {
        var wait = WaitMin * Math.Pow(2, Math.Min(failed - 1, 30));
        return wait < WaitMax ? wait : WaitMax;
    }
}
