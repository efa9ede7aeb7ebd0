using Npgsql;

namespace Veza.EventStore.Database;

/// <summary>
/// Names of the pools of connections, as the metrics tell them: one without a name is told by its connection string,
/// with the database's address and user.
/// </summary>
internal static class DataSources
{
    public const string Queries = "veza";
    public const string Keys = "veza-keys";
    public const string Append = "veza-append";
    public const string Runners = "veza-runners";
    public const string Projections = "veza-projections";
    public const string Marten = "veza-marten";
    private const string Once = "veza-once";

    /// <summary>A server that is not the primary now may be it in a moment: this often it is asked again.</summary>
    private const int HostRecheckSeconds = 1;

    /// <summary>Connections to the primary, whichever of several hosts that is.</summary>
    public static NpgsqlDataSource Build(NpgsqlDataSourceBuilder builder)
    {
        if (builder.ConnectionStringBuilder.Host?.Contains(',') is not true)
            return builder.Build();
        // A source of several hosts takes the choice among them when it is used, and refuses it in its text.
        builder.ConnectionStringBuilder.TargetSessionAttributes = null;
        builder.ConnectionStringBuilder.HostRecheckSeconds = HostRecheckSeconds;
        return builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);
    }

    /// <summary>For a question at the start: its connection is closed when it is answered.</summary>
    public static NpgsqlDataSource ForOnce(string connectionString) =>
        Build(new(connectionString) { Name = Once, ConnectionStringBuilder = { Pooling = false } });
}
