using Veza.EventStore.Database;

namespace Veza.EventStore.Coordination;

/// <summary>How long a runner waits before it starts over: longer after each failure in a row.</summary>
/// <remarks>One runner uses it, from one loop.</remarks>
internal sealed class RestartBackoff(TimeProvider clock)
{
    private static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(200);

    /// <summary>A fault of the program is logged with its stack each time: twice a minute is enough.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    /// <summary>Asking costs little and readers wait: a database that is back is used within a second.</summary>
    private static readonly TimeSpan UnavailableWaitMax = TimeSpan.FromSeconds(1);

    /// <summary>The next wait.</summary>
    public TimeSpan Wait { get; private set; } = WaitMin;

    /// <summary>Call it when the work gets on.</summary>
    public void Reset() => Wait = WaitMin;

    /// <summary>Shortens the next wait when the fault is a database that is away.</summary>
    /// <returns>Whether it is; see <see cref="DatabaseFaults.IsUnavailable"/>.</returns>
    public bool IsUnavailable(Exception fault)
    {
        if (!DatabaseFaults.IsUnavailable(fault))
            return false;
        if (Wait > UnavailableWaitMax)
            Wait = UnavailableWaitMax;
        return true;
    }

    /// <returns>False when it was cancelled.</returns>
    public Task<bool> WaitAsync(CancellationToken ct)
    {
        var wait = Wait;
        Wait = wait * 2 < WaitMax ? wait * 2 : WaitMax;
        return WaitAsync(wait, ct);
    }

    /// <inheritdoc cref="WaitAsync(CancellationToken)"/>
    /// <remarks>The wait is for a reason that is no failure, and leaves the others as they are.</remarks>
    public async Task<bool> WaitAsync(TimeSpan wait, CancellationToken ct)
    {
        try
        {
            await Task.Delay(wait, clock, ct);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
