using System.Data;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Npgsql;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Reading;

/// <param name="UpTo">Everything up to it was looked at.</param>
internal sealed record FeedPage(long UpTo, List<RecordedEvent> Events);

/// <summary>
/// A long span of the log, some types of events only, for whoever folds all of it: read and decoded ahead of the
/// reader, on a connection of its own. The server leaves out the other types; neither their JSON nor their rows travel.
/// </summary>
internal sealed class EventFeed(NpgsqlDataSource database, PersonalDataCipher cipher)
{
    /// <summary>A megabyte of events, of which few pages are in memory.</summary>
    private const int PageEventsMax = 2_000;

    /// <summary>
    /// Events whose personal keys are asked for with one question, and whose JSON is in memory until then.
    /// </summary>
    private const int DecodedAtOnceMax = 250;

    /// <summary>Pages read ahead: enough that reading and folding do not wait for each other.</summary>
    private const int PagesAhead = 2;

    /// <summary>
    /// Where few events are of the types, a page would take long to fill, and whoever waits for it would not see that
    /// anything moves.
    /// </summary>
    private const int SpanMax = 200_000;

    private const string Sql =
        $"select {LogReader.Columns} from log.mt_events where seq_id > $1 and seq_id <= $2 and type = any ($3) order by seq_id limit $4";

    public async IAsyncEnumerable<FeedPage> ReadAsync(
        long after,
        long upTo,
        string[] aliases,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var pages = Channel.CreateBounded<FeedPage>(
            new BoundedChannelOptions(PagesAhead) { SingleReader = true, SingleWriter = true }
        );
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var reading = Task.Run(
            async () =>
            {
                try
                {
                    await FillAsync(pages.Writer, after, upTo, aliases, stop.Token);
                    pages.Writer.Complete();
                }
                catch (Exception fault)
                {
                    pages.Writer.Complete(fault);
                }
            },
            CancellationToken.None
        );
        try
        {
            await foreach (var page in pages.Reader.ReadAllAsync(ct))
                yield return page;
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }
    }

    /// <summary>
    /// What fits on one page, <see cref="PageEventsMax"/> events at most, over the reader's own connection.
    /// </summary>
    public static async Task<List<RecordedEvent>> ReadPageAsync(
        NpgsqlConnection connection,
        PersonalDataCipher cipher,
        long after,
        long upTo,
        string[] aliases,
        CancellationToken ct
    )
    {
        await using var command = Command(connection, aliases);
        return await PageAsync(command, cipher, after, upTo, ct);
    }

    private async Task FillAsync(
        ChannelWriter<FeedPage> pages,
        long after,
        long upTo,
        string[] aliases,
        CancellationToken ct
    )
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = Command(connection, aliases);
        await command.PrepareAsync(ct);
        while (after < upTo)
        {
            var spanEnd = Math.Min(upTo, after + SpanMax);
            var events = await PageAsync(command, cipher, after, spanEnd, ct);
            after = events.Count == PageEventsMax ? events[^1].Position : spanEnd;
            await pages.WriteAsync(new(after, events), ct);
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string[] aliases) =>
        new(Sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long>(),
                new NpgsqlParameter<long>(),
                new NpgsqlParameter<string[]> { TypedValue = aliases },
                new NpgsqlParameter<int> { TypedValue = PageEventsMax },
            },
        };

    private static async Task<List<RecordedEvent>> PageAsync(
        NpgsqlCommand command,
        PersonalDataCipher cipher,
        long after,
        long upTo,
        CancellationToken ct
    )
    {
        ((NpgsqlParameter<long>)command.Parameters[0]).TypedValue = after;
        ((NpgsqlParameter<long>)command.Parameters[1]).TypedValue = upTo;
        var events = new List<RecordedEvent>(PageEventsMax);
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var encoded = new List<RecordedEvent>(DecodedAtOnceMax);
        while (await rows.ReadAsync(ct))
        {
            encoded.Add(LogReader.Read(rows, cipher));
            if (encoded.Count == DecodedAtOnceMax)
                await DecodeAsync();
        }
        await DecodeAsync();
        LogMetrics.ReadFromDatabase.Add(events.Count);
        return events;

        // Here, beside the fold of the page before, and soon, so that the JSON of a whole page is never in memory.
        async ValueTask DecodeAsync()
        {
            await cipher.PrepareAsync(encoded, ct);
            foreach (var e in encoded)
                e.DecodeForFolds();
            events.AddRange(encoded);
            encoded.Clear();
        }
    }
}
