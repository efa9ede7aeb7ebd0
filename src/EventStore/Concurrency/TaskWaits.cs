namespace Veza.EventStore.Concurrency;

/// <summary>
/// Waiting for a while, where it is usual that nothing comes: an exception for each such wait is most of what an idle
/// node would do.
/// </summary>
public static class TaskWaits
{
    /// <returns>Whether the task ended in time.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    /// <remarks>Of a task that failed in time, its failure.</remarks>
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
