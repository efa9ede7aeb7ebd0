using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Marten;

/// <summary>
/// The event types of a log for a program that is not a node: with the keys of personal texts, and without tail, cache
/// and appender. A node learns of an erasure before its readers do. This program drops all keys every
/// <see cref="KeysKept"/>, after which an erased account's texts are unreadable.
/// </summary>
public sealed class LogTypes : IAsyncDisposable
{
    /// <summary>
    /// How long this program can still read the texts of an erased account. A shorter time would query the database for
    /// each key more often than once a second.
    /// </summary>
    public static readonly TimeSpan KeysKept = TimeSpan.FromSeconds(1);

    /// <summary>Keys are queried one after the other, or many in one query.</summary>
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
    /// <param name="keySecret">The secret with which the nodes wrap the accounts' keys.</param>
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
            var keys = new SubjectKeyStore(database, new(keySecret));
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
