using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Npgsql;
using Veza.EventStore.Coordination;

namespace Veza.EventStore.Projections;

/// <summary>
/// Divides a projection by key into shards that run side by side, each with its checkpoint:
/// <c>chat.channel_messages.v1#0/4</c>.
/// </summary>
/// <remarks>
/// The number of shards is in the name, so that two releases with different numbers never share a checkpoint.
/// </remarks>
internal static class Shards
{
    /// <summary>
    /// How far apart shards may be when their number changes: one transaction brings them together.
    /// </summary>
    public const long ApartMax = 100_000;
    private const int PageEventsMax = 2000;

    /// <returns>The name of the shard's checkpoint, of its work item and of its parked events.</returns>
    public static string NameOf(IProjection projection, int shard) => NameOf(projection.Name, shard, projection.Shards);

    public static IEnumerable<string> NamesOf(IProjection projection) =>
        Enumerable.Range(0, projection.Shards).Select(shard => NameOf(projection, shard));

    /// <summary>The shard of a key, equal in every process and release: FNV-1a over the key's parts as text.</summary>
    /// <returns>0 or more, below <paramref name="of"/>.</returns>
    public static int Of<TKey>(TKey key, int of)
        where TKey : notnull
    {
        var hash = 14695981039346656037UL;
        if (key is ITuple parts)
            for (var i = 0; i < parts.Length; i++)
                Add(parts[i]);
        else
            Add(key);
        return (int)(hash % (ulong)of);

        void Add(object? part)
        {
            var text = part switch
            {
                DateTimeOffset at => at.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture),
                _ => Convert.ToString(part, CultureInfo.InvariantCulture) ?? "",
            };
            // The separator keeps ("a", "bc") and ("ab", "c") apart.
            foreach (var one in Encoding.UTF8.GetBytes(text + '\u001f'))
                hash = (hash ^ one) * 1099511628211UL;
        }
    }

    /// <summary>
    /// Replaces the checkpoints of another number of shards by those of this release, in the caller's transaction; this
    /// fences the former runners.
    /// </summary>
    /// <remarks>
    /// A key's new shard takes over at a position, so all former shards must be at the same: this brings those behind
    /// up to the furthest. The caller holds <see cref="Checkpoint.MakingLock"/>.
    /// </remarks>
    /// <exception cref="ShardsApartException">
    /// They are further apart than <see cref="ApartMax"/>, or one stopped before an event.
    /// </exception>
    public static async Task DivideAsync(
        EventLog log,
        IProjection projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        var names = NamesOf(projection).ToList();
        // Without a lock first: other nodes move the checkpoints while this one starts, which may be slow.
        if (IsDividedSo(await FormerAsync(projection.Name, "", connection, transaction, ct), names))
            return;
        var former = await FormerAsync(projection.Name, "for update", connection, transaction, ct);
        if (IsDividedSo(former, names))
            return;
        var count = former.Keys.Any(n => n.Contains('/'))
            ? int.Parse(former.Keys.First().Split('/')[1], CultureInfo.InvariantCulture)
            : 1;
        var reached = Enumerable
            .Range(0, count)
            .Select(shard => former.GetValueOrDefault(NameOf(projection.Name, shard, count)))
            .ToList();
        if (reached.Max() - reached.Min() > ApartMax)
            throw new ShardsApartException(projection.Name, reached.Min(), reached.Max());
        if (await AnyStandsAsync())
            throw new ShardsApartException(projection.Name);
        for (var shard = 0; shard < count; shard++)
            await CatchUpAsync(
                log,
                projection.Part(shard, count),
                reached[shard],
                reached.Max(),
                connection,
                transaction,
                ct
            );

        await using var replace = new NpgsqlCommand(
            """
            with gone as (delete from log.mt_event_progression where name = any ($1)),
                 left_over as (delete from log.runners where name = any ($1)),
                 kept as (update log.parked_events set name = $2 where name = any ($1))
            insert into log.mt_event_progression (name, last_seq_id) select n, $4 from unnest($3) as n
            """,
            connection,
            transaction
        );
        replace.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. former.Keys] });
        replace.Parameters.Add(new NpgsqlParameter<string> { TypedValue = names[0] });
        replace.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. names] });
        replace.Parameters.Add(new NpgsqlParameter<long> { TypedValue = reached.Max() });
        await replace.ExecuteNonQueryAsync(ct);

        async Task<bool> AnyStandsAsync()
        {
            await using var standing = new NpgsqlCommand(
                "select exists (select from log.parked_events where name = any ($1) and state = 'standing')",
                connection,
                transaction
            );
            standing.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. former.Keys] });
            return (bool)(await standing.ExecuteScalarAsync(ct))!;
        }
    }

    private static string NameOf(string projection, int shard, int of) =>
        of == 1 ? projection : string.Create(CultureInfo.InvariantCulture, $"{projection}#{shard}/{of}");

    private static bool IsDividedSo(Dictionary<string, long> former, List<string> names) =>
        former.Keys.All(names.Contains);

    private static async Task<Dictionary<string, long>> FormerAsync(
        string projection,
        string locking,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        await using var find = new NpgsqlCommand(
            $"select name, last_seq_id from log.mt_event_progression where split_part(name, '#', 1) = $1 {locking}",
            connection,
            transaction
        );
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        await using var rows = await find.ExecuteReaderAsync(ct);
        var former = new Dictionary<string, long>();
        while (await rows.ReadAsync(ct))
            former[rows.GetString(0)] = rows.GetInt64(1);
        return former;
    }

    private static async Task CatchUpAsync(
        EventLog log,
        IProjection part,
        long after,
        long upTo,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        var rows = part.Open(ServingTables.TableOf(part.Name), RowsUse.Live);
        while (after < upTo)
        {
            var events = await log.Reader.ReadAsync(
                after,
                upTo,
                PageEventsMax,
                log.Types.AliasesOf(part.Events),
                null,
                ct
            );
            await rows.FoldAsync(connection, events, ct);
            await rows.WriteAsync(connection, transaction, ct);
            after = events.Count < PageEventsMax ? upTo : events[^1].Position;
        }
    }
}

/// <summary>The number of a projection's shards cannot change now.</summary>
public sealed class ShardsApartException : Exception
{
    internal ShardsApartException(string projection, long lowest, long highest)
        : base(
            $"the shards of {projection} are between {lowest} and {highest}, more than {Shards.ApartMax} events apart: "
                + "run the former release until they are closer, then change their number"
        ) { }

    internal ShardsApartException(string projection)
        : base(
            $"a shard of {projection} stopped before an event it cannot apply: "
                + "retry or skip that first, then change the number of shards"
        ) { }
}
