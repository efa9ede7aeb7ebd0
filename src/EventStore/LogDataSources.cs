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
