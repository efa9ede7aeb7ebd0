namespace Veza.EventStore.Concurrency;

/// <summary>
/// Waits with a limit that usually passes: without an exception each time, which would be most of an idle node's work.
/// </summary>
public static class TaskWaits
{
    /// <returns>Whether the task ended in time.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    /// <remarks>A task that failed in time throws its exception.</remarks>
    public static async Task<bool> EndsWithinAsync(
        this Task task,
        TimeSpan limit,
        TimeProvider clock,
        CancellationToken ct = default
    )
    {
        await task.WaitAsync(limit, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ct.ThrowIfCancellationRequested();
        if (!task.IsCompleted)
            return false;
        await task;
        return true;
    }
}
