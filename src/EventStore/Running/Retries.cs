namespace Veza.EventStore.Running;

/// <summary>How often and how soon a failed event is tried again before it is parked.</summary>
/// <param name="AttemptsMax">The first one included.</param>
/// <param name="WaitMin">Before the second attempt; doubled after each further one.</param>
public sealed record Retries(int AttemptsMax, TimeSpan WaitMin, TimeSpan WaitMax)
{
    /// <summary>Some eight minutes in all: a restart of what the reaction needs is outlasted, and a poison event does not hold a place for hours.</summary>
    public static readonly Retries OfReactions = new(AttemptsMax: 10, WaitMin: TimeSpan.FromSeconds(1), WaitMax: TimeSpan.FromMinutes(5));

    /// <summary>Some six seconds in all: a fold needs nothing but its event and its row, so what fails then will always.</summary>
    public static readonly Retries OfProjections = new(AttemptsMax: 6, WaitMin: TimeSpan.FromMilliseconds(200), WaitMax: TimeSpan.FromSeconds(30));

    /// <param name="failed">Attempts that have failed, 1 or more.</param>
    internal TimeSpan WaitAfter(int failed)
    {
        var wait = WaitMin * Math.Pow(2, Math.Min(failed - 1, 30));
        return wait < WaitMax ? wait : WaitMax;
    }
}
