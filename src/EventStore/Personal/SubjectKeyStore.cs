using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Npgsql;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Caching;

namespace Veza.EventStore.Personal;

/// <summary>
/// The keys that accounts' personal texts are sealed with: one each, in <c>log.keys</c>, wrapped by a key of the
/// servers'. Destroying one erases them all.
/// </summary>
/// <remarks>See docs/decisions/0029-erasure-is-crypto-shredding.md.</remarks>
public sealed class SubjectKeyStore
{
    /// <summary>Keys kept in memory, those known to be gone included: at some 200 bytes each, about 13 MB.</summary>
    public const int KeysMax = 65_536;

    private const int TagBytes = 16;
    private const int NonceBytes = 12;

    private readonly ClockCache<Guid, Known> _known;
    private readonly Lock _change = new();
    private readonly NpgsqlDataSource _database;
    private readonly byte[]? _wrapping;
    private int _changes;
    private volatile bool _anyGone;

    /// <param name="database">Connections of their own: a key is looked for while others are held.</param>
    /// <param name="secret">Of the servers, the same on every node; null in a log without personal data.</param>
    public SubjectKeyStore(NpgsqlDataSource database, byte[]? secret, int keysMax = KeysMax)
    {
        _database = database;
        _known = new(keysMax);
        _wrapping = secret is null
            ? null
            : HKDF.DeriveKey(
                HashAlgorithmName.SHA256,
                secret,
                FieldEncryption.KeyBytes,
                info: "veza account keys"u8.ToArray()
            );
    }

    /// <summary>Whether some account is known to be erased: until then nobody needs to ask which.</summary>
    internal bool AnyGone => _anyGone;

    internal bool IsGone(Guid owner) => _known.TryPeek(owner, out var known) && known.Key is null;

    internal bool Has(Guid owner) => _known.TryPeek(owner, out _);

    /// <summary>
    /// The account's key; asks the database, in the way of whoever waits, when nobody made sure of it before.
    /// </summary>
    /// <returns>Null when it is gone, and what it sealed with it.</returns>
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
                // No row is as good as no key, but it may be there in a moment: this is not remembered.
                if (!rows.Read())
                    return null;
                wrapped = rows.IsDBNull(1) ? null : rows.GetFieldValue<byte[]>(1);
            }
            if (TryKeep(owner, wrapped, changes, out known))
                return known.Key;
        }
    }

    /// <summary>Opens one of the keys there are, so that a process with another secret does not start.</summary>
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
            Unwrap(rows.GetGuid(0), rows.GetFieldValue<byte[]>(1));
    }

    /// <summary>Reads the keys that are not in memory.</summary>
    /// <param name="make">
    /// Makes those that there are none of yet. When this is done they are on the database's disk: nothing is sealed
    /// with a key that could be lost.
    /// </param>
    internal async Task LoadAsync(IEnumerable<Guid> owners, bool make, CancellationToken ct)
    {
        // In one order on all nodes, so that no two wait for each other's rows.
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
    /// The account is erased: its key is gone from this node's memory, whatever the database said until now.
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

    /// <summary>After a fork: the keys made since are not in this history.</summary>
    internal void Clear()
    {
        lock (_change)
        {
            _changes++;
            _known.Clear();
        }
    }

    private async Task MakeAsync(Guid[] owners, CancellationToken ct)
    {
        await using var command = _database.CreateCommand(
            "insert into log.keys (owner, wrapped) select * from unnest($1::uuid[], $2::bytea[]) on conflict do nothing"
        );
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = owners });
        command.Parameters.Add(
            new NpgsqlParameter<byte[][]>
            {
                TypedValue = [.. owners.Select(o => Wrap(o, RandomNumberGenerator.GetBytes(FieldEncryption.KeyBytes)))],
            }
        );
        await command.ExecuteNonQueryAsync(ct);
    }

    private NpgsqlCommand Ask(Guid[] owners)
    {
        var command = _database.CreateCommand("select owner, wrapped from log.keys where owner = any ($1)");
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = owners });
        return command;
    }

    /// <returns>False when an account was erased between the asking and now, perhaps this one: ask again.</returns>
    private bool TryKeep(Guid owner, byte[]? wrapped, int changes, [NotNullWhen(true)] out Known? known)
    {
        known = wrapped is null ? Known.Gone : new(Unwrap(owner, wrapped));
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

    private byte[] Wrap(Guid owner, byte[] key)
    {
        var wrapped = new byte[NonceBytes + key.Length + TagBytes];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(Wrapping, TagBytes);
        aes.Encrypt(
            wrapped.AsSpan(0, NonceBytes),
            key,
            wrapped.AsSpan(NonceBytes, key.Length),
            wrapped.AsSpan(NonceBytes + key.Length),
            owner.ToByteArray(bigEndian: true)
        );
        return wrapped;
    }

    /// <exception cref="CryptographicException">
    /// The servers' secret is not the one that the key was wrapped with.
    /// </exception>
    private byte[] Unwrap(Guid owner, byte[] wrapped)
    {
        var key = new byte[FieldEncryption.KeyBytes];
        using var aes = new AesGcm(Wrapping, TagBytes);
        try
        {
            aes.Decrypt(
                wrapped.AsSpan(0, NonceBytes),
                wrapped.AsSpan(NonceBytes, key.Length),
                wrapped.AsSpan(NonceBytes + key.Length),
                key,
                owner.ToByteArray(bigEndian: true)
            );
        }
        catch (AuthenticationTagMismatchException fault)
        {
            throw new CryptographicException(
                $"the key of account {owner} was wrapped with another secret than this process was given",
                fault
            );
        }
        return key;
    }

    private byte[] Wrapping =>
        _wrapping
        ?? throw new InvalidOperationException(
            "this log holds personal data; it is opened with the secret that wraps the accounts' keys"
        );

    /// <param name="Key">Null when it is gone.</param>
    private sealed record Known(byte[]? Key)
    {
        public static readonly Known Gone = new((byte[]?)null);

        public override string ToString() => nameof(Known);
    }
}
