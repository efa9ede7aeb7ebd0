using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Caching;

namespace Veza.EventStore.Personal;

/// <summary>
/// The keys of the accounts' personal texts: one per account, in <c>log.keys</c>, wrapped with a key of the servers.
/// Destroying an account's key erases all its texts (crypto-shredding). Any thread may use it.
/// </summary>
/// <remarks>See docs/decisions/0029-erasure-is-crypto-shredding.md.</remarks>
public sealed class SubjectKeyStore
{
    /// <summary>Keys in memory, including those known to be destroyed. At about 200 bytes each, about 13 MB.</summary>
    public const int KeysMax = 65_536;

    private readonly ClockCache<Guid, Known> _known;
    private readonly Lock _change = new();
    private readonly NpgsqlDataSource _database;
    private readonly KeyWrapping? _wrapping;
    private int _changes;
    private volatile bool _anyGone;

    /// <param name="database">
    /// A separate pool, since a key may be queried by a thread that holds a connection of another one.
    /// </param>
    /// <param name="wrapping">By the secret of the servers; null in a log without personal data.</param>
    public SubjectKeyStore(NpgsqlDataSource database, KeyWrapping? wrapping, int keysMax = KeysMax)
    {
        _database = database;
        _known = new(keysMax);
        _wrapping = wrapping;
    }

    /// <summary>Whether any account is known to be erased. If not, <see cref="IsGone"/> is false for all.</summary>
    internal bool AnyGone => _anyGone;

    internal bool IsGone(Guid owner) => _known.TryPeek(owner, out var known) && known.Key is null;

    internal bool Has(Guid owner) => _known.TryPeek(owner, out _);

    /// <summary>
    /// The account's key. It blocks on a query when the key was not loaded before.
    /// </summary>
    /// <returns>Null when the key is destroyed or does not exist.</returns>
    internal byte[]? Find(Guid owner)
    {
        if (_known.TryFind(owner, out var known))
            return known.Key;
        while (true)
        {
            var changes = Volatile.Read(ref _changes);
            byte[]? wrapped;
            using (var command = Ask([owner]))
            using (var rows = command.ExecuteReader())
            {
                // Without a row there is no key yet. It may be created soon, so this is not cached.
                if (!rows.Read())
                    return null;
                wrapped = rows.IsDBNull(1) ? null : rows.GetFieldValue<byte[]>(1);
            }
            if (TryKeep(owner, wrapped, changes, out known))
                return known.Key;
        }
    }

    /// <summary>Unwraps one of the keys, so that a process with another secret does not start.</summary>
    /// <exception cref="CryptographicException">
    /// The servers' secret is not the one that the keys were wrapped with.
    /// </exception>
    internal async Task CheckAsync(CancellationToken ct)
    {
        if (_wrapping is null)
            return;
        await using var command = _database.CreateCommand(
            "select owner, wrapped from log.keys where wrapped is not null limit 1"
        );
        await using var rows = await command.ExecuteReaderAsync(ct);
        if (await rows.ReadAsync(ct))
            Wrapping.Unwrap(rows.GetGuid(0), rows.GetFieldValue<byte[]>(1));
    }

    /// <summary>
    /// Keys that outlive the secrets of the servers: for each purpose the first one that any node gave. They are kept
    /// among the accounts' keys, and so wrapped anew with them. Only the first start writes.
    /// </summary>
    /// <param name="first">
    /// By purposes, which name them for ever: 32 bytes, derived from a secret of the servers.
    /// </param>
    /// <returns>By the same purposes.</returns>
    internal async Task<IReadOnlyDictionary<string, byte[]>> LastingAsync(
        IReadOnlyDictionary<string, byte[]> first,
        CancellationToken ct
    )
    {
        // In the same order on all nodes, so that no two of them deadlock on rows.
        var purposes = first.Keys.OrderBy(IdOfLasting).ToArray();
        var kept = await ReadAsync();
        var missing = purposes.Where(p => !kept.ContainsKey(IdOfLasting(p))).ToArray();
        if (missing.Length > 0)
        {
            await InsertAsync(
                [.. missing.Select(IdOfLasting)],
                [.. missing.Select(p => Wrapping.Wrap(IdOfLasting(p), first[p]))],
                ct
            );
            kept = await ReadAsync();
        }
        return purposes.ToDictionary(p => p, p => Wrapping.Unwrap(IdOfLasting(p), kept[IdOfLasting(p)]));

        async Task<Dictionary<Guid, byte[]>> ReadAsync()
        {
            var found = new Dictionary<Guid, byte[]>();
            await using var command = Ask([.. purposes.Select(IdOfLasting)]);
            await using var rows = await command.ExecuteReaderAsync(ct);
            while (await rows.ReadAsync(ct))
                found.Add(rows.GetGuid(0), rows.GetFieldValue<byte[]>(1));
            return found;
        }
    }

    private static Guid IdOfLasting(string purpose) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes("veza lasting key: " + purpose)).AsSpan(0, 16));

    /// <summary>Reads the keys that are not in memory.</summary>
    /// <param name="make">
    /// Whether to create missing keys. They are on the database's disk when this completes, so nothing is encrypted
    /// with a key that could be lost.
    /// </param>
    internal async Task LoadAsync(IEnumerable<Guid> owners, bool make, CancellationToken ct)
    {
        // In the same order on all nodes, so that no two of them deadlock on rows.
        var wanted = owners.Where(o => !Has(o)).Distinct().Order().ToArray();
        while (wanted.Length > 0)
        {
            var changes = Volatile.Read(ref _changes);
            var found = new Dictionary<Guid, byte[]?>(wanted.Length);
            await using (var command = Ask(wanted))
            await using (var rows = await command.ExecuteReaderAsync(ct))
                while (await rows.ReadAsync(ct))
                    found.Add(rows.GetGuid(0), rows.IsDBNull(1) ? null : rows.GetFieldValue<byte[]>(1));
            var stale = found
                .Where(row => !TryKeep(row.Key, row.Value, changes, out _))
                .Select(row => row.Key)
                .ToList();
            var missing = wanted.Where(o => !found.ContainsKey(o)).ToArray();
            if (make && missing.Length > 0)
                await MakeAsync(missing, ct);
            wanted = make ? [.. stale.Concat(missing).Order()] : [.. stale.Order()];
        }
    }

    /// <summary>
    /// Removes an erased account's key from this node's memory, and discards queries that began before.
    /// </summary>
    internal void Forget(Guid owner)
    {
        lock (_change)
        {
            _changes++;
            if (_known.TryPeek(owner, out var known))
                _known.Remove(owner, known);
            _known.TryAdd(owner, Known.Gone, out _);
            _anyGone = true;
        }
    }

    /// <summary>Removes all keys after a fork of the history, since later keys are not in this history.</summary>
    internal void Clear()
    {
        lock (_change)
        {
            _changes++;
            _known.Clear();
        }
    }

    private Task MakeAsync(Guid[] owners, CancellationToken ct) =>
        InsertAsync(
            owners,
            [.. owners.Select(o => Wrapping.Wrap(o, RandomNumberGenerator.GetBytes(FieldEncryption.KeyBytes)))],
            ct
        );

    private async Task InsertAsync(Guid[] owners, byte[][] wrapped, CancellationToken ct)
    {
        await using var command = _database.CreateCommand(
            "insert into log.keys (owner, wrapped) select * from unnest($1::uuid[], $2::bytea[]) on conflict do nothing"
        );
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = owners });
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = wrapped });
        await command.ExecuteNonQueryAsync(ct);
    }

    private NpgsqlCommand Ask(Guid[] owners)
    {
        var command = _database.CreateCommand("select owner, wrapped from log.keys where owner = any ($1)");
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = owners });
        return command;
    }

    /// <returns>False when an account was erased since the query began, perhaps this one. Query again.</returns>
    private bool TryKeep(Guid owner, byte[]? wrapped, int changes, [NotNullWhen(true)] out Known? known)
    {
        known = wrapped is null ? Known.Gone : new(Wrapping.Unwrap(owner, wrapped));
        lock (_change)
        {
            if (changes != _changes)
                return false;
            if (wrapped is null)
                _anyGone = true;
            _known.TryAdd(owner, known, out _);
            return true;
        }
    }

    private KeyWrapping Wrapping =>
        _wrapping
        ?? throw new InvalidOperationException(
            "this log holds personal data; it is opened with the secret that wraps the accounts' keys"
        );

    /// <param name="Key">Null when it is destroyed.</param>
    private sealed record Known(byte[]? Key)
    {
        public static readonly Known Gone = new((byte[]?)null);

        public override string ToString() => nameof(Known);
    }
}
