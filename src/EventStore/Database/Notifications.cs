using Npgsql;

namespace Veza.EventStore.Database;

/// <summary>Receives what PostgreSQL's NOTIFY sends to a listening connection.</summary>
public static class Notifications
{
    /// <summary>One wait lasts this long at most; the next begins right after it.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(5);

    /// <summary>Raises a listening connection's notifications as they come, until it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled, up to five seconds ago.</exception>
    /// <remarks>
    /// Npgsql 10 loses a cancellation that falls between the beginning of a wait and its first read (its issue 5975,
    /// 1 of 20,000 here). Without a limit such a wait would last until the next notification.
    /// </remarks>
    public static async Task HearNotificationsAsync(this NpgsqlConnection connection, CancellationToken ct)
    {
        while (true)
            await connection.WaitAsync(WaitMax, ct);
    }
}
