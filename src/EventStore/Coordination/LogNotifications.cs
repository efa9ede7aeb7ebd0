using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Database;
using Veza.EventStore.Reading;

namespace Veza.EventStore.Coordination;

/// <summary>
/// Wakes other nodes after an append and listens for theirs, over PostgreSQL's NOTIFY. It only shortens waits: a node
/// without a notification polls.
/// </summary>
/// <remarks>Any thread may call it. A loop that fails logs it and begins again a second later.</remarks>
internal sealed class LogNotifications(
    NpgsqlDataSource database,
    Tail tail,
    LogFollower follower,
    WorkCoordinator coordinator,
    TimeProvider clock,
    ILogger logger
)
{
    /// <summary>A reader waits for the projections: its position, and its node.</summary>
    public const string AwaitedChannel = "veza_awaited";

    /// <summary>How far a node's projections are: the epoch, and a line for each.</summary>
    public const string ReachedChannel = "veza_reached";

    private const string Channel = "veza_log";

    /// <summary>Marten's daemons listen on it.</summary>
    private const string MartenChannel = "mt_events_appended";

    /// <summary>Other nodes are woken this often at most; they read all there is each time.</summary>
    private static readonly TimeSpan NotifyEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>After a failure; the nodes poll as often.</summary>
    private static readonly TimeSpan RetryEvery = LogFollower.PollEvery;

    private readonly Wakeup _due = new();
    private long _appendedTo;

    /// <summary>Gets each message of <see cref="AwaitedChannel"/>.</summary>
    public event Action<string>? ReadersWait;

    /// <summary>Gets each message of <see cref="ReachedChannel"/>.</summary>
    public event Action<string>? RunnersReached;

    /// <summary>The connection broke, perhaps with the whole database, and messages are lost.</summary>
    public event Action? Interrupted;

    /// <summary>Wakes the other nodes soon: this one has appended up to a position.</summary>
    public void Appended(long position)
    {
        Volatile.Write(ref _appendedTo, position);
        _due.Set();
    }

    /// <summary>Receives other nodes' notifications until it is cancelled.</summary>
    public async Task ListenAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(ct);
                connection.Notification += (_, notification) => Receive(notification);
                string[] channels = [Channel, WorkCoordinator.Channel, AwaitedChannel, ReachedChannel];
                await using (
                    var listen = new NpgsqlCommand(string.Join(';', channels.Select(c => $"listen {c}")), connection)
                )
                    await listen.ExecuteNonQueryAsync(ct);
                await connection.HearNotificationsAsync(ct);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                // Perhaps all connections broke, and a node without any in the database soon counts as gone.
                coordinator.RenewSoon();
                Interrupted?.Invoke();
                logger.LogWarning(
                    "Listening for other nodes' appends broke off and is taken up again: {Reason}",
                    fault.Message
                );
                await Task.Delay(RetryEvery, clock);
            }
        }
    }

    /// <summary>Notifies other nodes of this one's appends until it is cancelled.</summary>
    public async Task NotifyAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await _due.WaitAsync(ct);
                var head = Math.Max(tail.Head, Volatile.Read(ref _appendedTo));
                await using var notify = database.CreateCommand(
                    $"select pg_notify('{Channel}', $1), pg_notify('{MartenChannel}', '')"
                );
                notify.Parameters.Add(
                    new NpgsqlParameter<string> { TypedValue = head.ToString(CultureInfo.InvariantCulture) }
                );
                await notify.ExecuteNonQueryAsync(ct);
                await Task.Delay(NotifyEvery, clock, ct);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                logger.LogDebug(fault, "Waking the other nodes failed; they poll");
                await Task.Delay(RetryEvery, clock);
            }
        }
    }

    private void Receive(NpgsqlNotificationEventArgs notification)
    {
        switch (notification.Channel)
        {
            case WorkCoordinator.Channel:
                coordinator.RenewSoon();
                break;
            case AwaitedChannel:
                ReadersWait?.Invoke(notification.Payload);
                break;
            case ReachedChannel:
                RunnersReached?.Invoke(notification.Payload);
                break;
            default:
                if (long.TryParse(notification.Payload, out var head) && head > tail.Head)
                    follower.ReadNow();
                break;
        }
    }
}
