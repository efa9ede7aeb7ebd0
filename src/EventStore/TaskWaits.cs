using Npgsql;

namespace Veza.EventStore;

/// <summary>
/// Waiting for a while, where it is usual that nothing comes: an exception for each such wait is most of what an idle
/// node would do.
/// </summary>
public static class TaskWaits
{
    /// <summary>A wait for notifications ends by then at the latest, and begins anew if it may.</summary>
    private static readonly TimeSpan NotificationsMax = TimeSpan.FromSeconds(5);

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

    /// <summary>Raises a listening connection's notifications as they come.</summary>
    /// <exception cref="OperationCanceledException">
    /// It was cancelled; noticed after some seconds at the latest.
    /// </exception>
    /// <remarks>
    /// Npgsql 10 loses a cancellation that falls between the beginning of a wait and its first reading (its issue 5975,
    /// 1 of 20,000 here): without a limit that wait would go on until somebody notifies, and hold up the end of whoever
    /// waits for it.
    /// </remarks>
    public static async Task HearNotificationsAsync(this NpgsqlConnection connection, CancellationToken ct)
    {
        while (true)
            await connection.WaitAsync(NotificationsMax, ct);
    }
}
