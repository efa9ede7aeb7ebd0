using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Marten;

/// <summary>
/// The event types of a log for a program that is no node: with the keys that open and seal personal texts, without
/// tail, cache or appender. A node hears of an erasure before any reader of its; this program forgets every key after
/// <see cref="KeysKept"/>, and an erased account's texts are unreadable by then.
/// </summary>
public sealed class LogTypes : IAsyncDisposable
{
    /// <summary>
    /// How long what an erased account wrote may still be read here. Shorter would ask the database for keys more
    /// often than once a second each.
    /// </summary>
    public static readonly TimeSpan KeysKept = TimeSpan.FromSeconds(1);

    /// <summary>Keys are looked up one after the other, or many at once.</summary>
    private const int ConnectionsMax = 2;

    private readonly NpgsqlDataSource _database;
    private readonly ITimer _forgetting;

    private LogTypes(NpgsqlDataSource database, SubjectKeyStore keys, EventTypes types, TimeProvider clock)
    {
        _database = database;
        Cipher = new(types, keys);
        _forgetting = clock.CreateTimer(_ => keys.Clear(), null, KeysKept, KeysKept);
    }

    public PersonalDataCipher Cipher { get; }

    /// <param name="connectionString">Of the log's primary, in Npgsql's form.</param>
    /// <param name="keySecret">What the nodes wrap the accounts' keys with.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The nodes have another secret.</exception>
    public static async Task<LogTypes> OpenAsync(
        string connectionString,
        EventTypes types,
        byte[] keySecret,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString)
        {
            Name = DataSources.Marten,
            ConnectionStringBuilder = { MaxPoolSize = ConnectionsMax },
        };
        var database = builder.Build();
        try
        {
            var keys = new SubjectKeyStore(database, keySecret);
            await keys.CheckAsync(ct);
            return new(database, keys, types, clock);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _forgetting.DisposeAsync();
        await _database.DisposeAsync();
    }
}
