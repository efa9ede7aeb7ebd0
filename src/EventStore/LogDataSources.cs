using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Coordination;
using Veza.EventStore.Database;

namespace Veza.EventStore;

/// <summary>The log's pools of connections, each with the settings its work needs.</summary>
/// <remarks>Their sizes add up to the <see cref="ConnectionBudget"/>. Any thread may use them.</remarks>
internal sealed class LogDataSources : IAsyncDisposable
{
    private const int RunnersTimeoutSeconds = 2;

    /// <summary>Connections for reading, and for keys, that are open before the first request.</summary>
    internal const int OpenedFirst = 8;

    private readonly string _connectionString;
    private readonly TimelineGuard _guard;

    /// <param name="guard">Looks at each new connection.</param>
    /// <param name="node">Names this node's sessions in the database.</param>
    public LogDataSources(string connectionString, ConnectionBudget budget, Guid node, TimelineGuard guard)
    {
        _connectionString = connectionString;
        _guard = guard;
        // Not prepared automatically: a statement that fails while it is prepared leaves its connection broken for the
        // next user.
        Queries = Build(DataSources.Queries, settings => settings.MaxPoolSize = budget.Queries);
        Keys = Build(DataSources.Keys, settings => settings.MaxPoolSize = budget.Keys);
        Append = Build(DataSources.Append, ForAppends);
        Runners = Build(DataSources.Runners, settings => ForRunners(settings, budget.Runners, node));
    }

    /// <summary>For reading, and for what fits no other pool.</summary>
    public NpgsqlDataSource Queries { get; }

    /// <summary>For the accounts' keys, which are asked for while other connections are held.</summary>
    public NpgsqlDataSource Keys { get; }

    /// <summary>For the appender alone.</summary>
    public NpgsqlDataSource Append { get; }

    /// <summary>
    /// For work behind the log: it commits without waiting for the flush, and ends when another node takes it over.
    /// </summary>
    public NpgsqlDataSource Runners { get; }

    /// <summary>
    /// Opens connections for the first requests: on a busy host each takes a while, and a process that was just started
    /// gets many requests at once. What cannot be opened now, a request opens later.
    /// </summary>
    public Task OpenFirstAsync(ConnectionBudget budget, CancellationToken ct) =>
        Task.WhenAll(
            OpenAsync(Queries, Math.Min(OpenedFirst, budget.Queries / 2), ct),
            OpenAsync(Keys, Math.Min(OpenedFirst, budget.Keys / 2), ct)
        );

    private static async Task OpenAsync(NpgsqlDataSource pool, int count, CancellationToken ct)
    {
        var opened = new List<NpgsqlConnection>();
        try
        {
            // Each is kept until the last is open: otherwise the pool would give out the first again.
            while (opened.Count < count)
                opened.Add(await pool.OpenConnectionAsync(ct));
        }
        catch (NpgsqlException)
        { /* The database has none left, or is busy; the host looks after its health. */
        }
        finally
        {
            foreach (var connection in opened)
                await connection.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Append.DisposeAsync();
        await Runners.DisposeAsync();
        await Keys.DisposeAsync();
        await Queries.DisposeAsync();
    }

    private NpgsqlDataSource Build(string name, Action<NpgsqlConnectionStringBuilder> configure)
    {
        var builder = new NpgsqlDataSourceBuilder(_connectionString) { Name = name };
        configure(builder.ConnectionStringBuilder);
        return _guard.Build(builder);
    }

    private static void ForAppends(NpgsqlConnectionStringBuilder settings)
    {
        settings.Options = AppendCall.ConnectionOptions;
        settings.WriteBufferSize = AppendCall.BufferBytes;
        settings.ApplicationName = Appender.ApplicationName;
        // The appender keeps its one connection itself, and gives one up without waiting for it.
        settings.Pooling = false;
        settings.Timeout = (int)Appender.AttemptWithin.TotalSeconds;
        // The appender limits each attempt. A limit of Npgsql's own would ask the server to cancel, and a commit that
        // waits for its standby, cancelled, becomes visible before it is safe.
        settings.CommandTimeout = 0;
    }

    private static void ForRunners(NpgsqlConnectionStringBuilder settings, int poolSize, Guid node)
    {
        // What they write can be written again from the log; a flush for each would slow every command.
        settings.Options = "-c synchronous_commit=off";
        settings.ApplicationName = NodeLeases.SessionName("runners", node);
        settings.MaxPoolSize = poolSize;
        // A renewal that takes longer has failed: there must be time for another before the lease ends.
        settings.Timeout = settings.CommandTimeout = RunnersTimeoutSeconds;
    }
}
