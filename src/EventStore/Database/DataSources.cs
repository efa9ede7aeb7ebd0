using Npgsql;

namespace Veza.EventStore.Database;

/// <summary>
/// Makes pools of connections to the primary, and names them for the metrics: a pool without a name is labelled with
/// its connection string, which has the database's address and user.
/// </summary>
public static class DataSources
{
    public const string Queries = "veza";
    public const string Keys = "veza-keys";
    public const string Append = "veza-append";
    public const string Runners = "veza-runners";
    public const string Projections = "veza-projections";
    public const string Marten = "veza-marten";
    private const string Once = "veza-once";

    /// <summary>A standby may be promoted at any time: this often each host is asked again.</summary>
    private const int HostRecheckSeconds = 1;

    /// <summary>Connections to the primary among one or several hosts.</summary>
    public static NpgsqlDataSource Build(NpgsqlDataSourceBuilder builder)
    {
        if (builder.ConnectionStringBuilder.Host?.Contains(',') is not true)
            return builder.Build();
        // With several hosts Npgsql takes the target as an argument, and refuses it in the connection string.
        builder.ConnectionStringBuilder.TargetSessionAttributes = null;
        builder.ConnectionStringBuilder.HostRecheckSeconds = HostRecheckSeconds;
        return builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);
    }

    /// <summary>For a program that works on the database beside Veza.</summary>
    /// <param name="name">Of its sessions in the database.</param>
    public static NpgsqlDataSource ForCommand(string connectionString, string name) =>
        Build(new(connectionString) { Name = name, ConnectionStringBuilder = { ApplicationName = name } });

    /// <summary>For one query at the start: its connection is closed after it.</summary>
    public static NpgsqlDataSource ForOnce(string connectionString) =>
        Build(new(connectionString) { Name = Once, ConnectionStringBuilder = { Pooling = false } });
}
