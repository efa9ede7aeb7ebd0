using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Appending;

namespace Veza.EventStore.Appending;

/// <summary>
/// What the log needs now and then: room ahead, Marten's high-water mark, and forgetting the answers to old commands.
/// Any node may do it, several at once too.
/// </summary>
internal sealed class Maintenance(
    NpgsqlDataSource database,
    Func<long> head,
    long partitionEvents,
    TimeProvider clock,
    ILogger logger
)
{
    /// <summary>
    /// Events in a partition: some 15 GB, and few enough partitions that looking into each for a stream stays cheap.
    /// </summary>
    public const long PartitionEvents = 25_000_000;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);

    private long _roomUpTo;
    private long _marked;

    /// <summary>
    /// Makes the partition in use and the one after it, or as many as <paramref name="eventsAhead"/> need.
    /// </summary>
    public async Task MakeRoomAsync(int eventsAhead, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            with room as (select coalesce(max(position), 0) + $1 as up_to from log.chain)
            select up_to from room, log.ensure_partition(up_to, $2)
            """
        );
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Math.Max(eventsAhead, partitionEvents) });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = partitionEvents });
        _roomUpTo = (long)(await command.ExecuteScalarAsync(ct))!;
    }

    public async Task RunAsync(CancellationToken ct)
    {
        var forgottenAt = clock.GetTimestamp();
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                if (head() + (partitionEvents / 2) > _roomUpTo)
                    await MakeRoomAsync(0, ct);
                if (head() != _marked)
                    await MarkAsync(head(), ct);
                if (clock.GetElapsedTime(forgottenAt) < ForgetEvery)
                    continue;
                await ForgetAsync(ct);
                forgottenAt = clock.GetTimestamp();
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                logger.LogWarning("The log's maintenance failed and is tried again: {Reason}", fault.Message);
            }
        }
    }

    private async Task MarkAsync(long position, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            insert into log.mt_event_progression as p (name, last_seq_id) select 'HighWaterMark', max(c.position) from log.chain c having max(c.position) is not null
            on conflict (name) do update set last_seq_id = excluded.last_seq_id, last_updated = now() where p.last_seq_id < excluded.last_seq_id
            """
        );
        await command.ExecuteNonQueryAsync(ct);
        _marked = position;
    }

    private async Task ForgetAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "delete from log.commands where at < now() - make_interval(days => $1)"
        );
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Appender.CommandsKeptDays });
        await command.ExecuteNonQueryAsync(ct);
    }
}
