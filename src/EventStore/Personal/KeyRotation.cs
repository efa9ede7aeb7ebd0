using Npgsql;

namespace Veza.EventStore.Personal;

/// <summary>
/// Wraps the accounts' keys anew with the current secret, while nodes use them.
/// </summary>
/// <remarks>
/// A key is replaced only if it is still the one that was read. So an erased account's key never comes back, and
/// several rotations at once do no harm. What is done needs no record: a rotation that was ended is simply begun again.
/// </remarks>
public sealed class KeyRotation(NpgsqlDataSource database, KeyWrapping wrapping)
{
    /// <summary>Keys of one transaction; about 60 KB.</summary>
    public const int BatchMax = 1000;

    /// <param name="progress">Called after each batch.</param>
    /// <returns>What it found: its <see cref="KeyCounts.Accepted"/> are wrapped with the current secret now.</returns>
    public Task<KeyCounts> RotateAsync(Action<KeyCounts> progress, CancellationToken ct) =>
        ScanAsync(rotate: true, progress, ct);

    /// <summary>Counts the keys by the secret that they are wrapped with, and changes nothing.</summary>
    public Task<KeyCounts> CountAsync(CancellationToken ct) => ScanAsync(rotate: false, _ => { }, ct);

    private async Task<KeyCounts> ScanAsync(bool rotate, Action<KeyCounts> progress, CancellationToken ct)
    {
        var counts = new KeyCounts(0, 0, 0);
        for (Guid? last = null; ; )
        {
            var batch = await ReadAsync(last, ct);
            if (batch.Count == 0)
                return counts;
            var old = new List<WrappedKey>();
            foreach (var key in batch)
            {
                if (wrapping.IsCurrent(key.Owner, key.Wrapped))
                    counts = counts with { Current = counts.Current + 1 };
                else if (wrapping.TryUnwrapAccepted(key.Owner, key.Wrapped) is null)
                    counts = counts with { Unreadable = counts.Unreadable + 1 };
                else
                    old.Add(key);
            }
            if (rotate && old.Count > 0)
                await ReplaceAsync(old, ct);
            counts = counts with { Accepted = counts.Accepted + old.Count };
            progress(counts);
            last = batch[^1].Owner;
        }
    }

    private async Task<List<WrappedKey>> ReadAsync(Guid? after, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select owner, wrapped from log.keys where wrapped is not null and ($1 is null or owner > $1) "
                + "order by owner limit $2"
        );
        command.Parameters.Add(new NpgsqlParameter<Guid?> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = BatchMax });
        await using var rows = await command.ExecuteReaderAsync(ct);
        var keys = new List<WrappedKey>();
        while (await rows.ReadAsync(ct))
            keys.Add(new(rows.GetGuid(0), rows.GetFieldValue<byte[]>(1)));
        return keys;
    }

    private async Task ReplaceAsync(List<WrappedKey> keys, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            update log.keys k set wrapped = n.new
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) n(owner, old, new)
            where k.owner = n.owner and k.wrapped = n.old
            """
        );
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. keys.Select(k => k.Owner)] });
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. keys.Select(k => k.Wrapped)] });
        command.Parameters.Add(
            new NpgsqlParameter<byte[][]>
            {
                TypedValue = [.. keys.Select(k => wrapping.Wrap(k.Owner, wrapping.Unwrap(k.Owner, k.Wrapped)))],
            }
        );
        await command.ExecuteNonQueryAsync(ct);
    }

    private readonly record struct WrappedKey(Guid Owner, byte[] Wrapped);
}

/// <summary>The accounts' keys by the secret that they are wrapped with. Destroyed keys are not counted.</summary>
/// <param name="Accepted">Wrapped with the accepted secret, which is still needed for them.</param>
/// <param name="Unreadable">Wrapped with neither.</param>
public sealed record KeyCounts(long Current, long Accepted, long Unreadable);
