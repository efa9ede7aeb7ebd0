using System.Net.Sockets;
using Npgsql;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>Nodes, the log, read models, reactors and callers.</summary>
internal static class VezaCauses
{
    private const string Projection = "chat.messages.v1";
    private const string MessagesTable = "views.chat_messages_v1";
    private const string MessagesView = "views.chat_messages";

    /// <summary>The lock that each append takes.</summary>
    private const string LockLog = "SELECT pg_advisory_xact_lock(7310573, 1)";

    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(100);

    /// <summary>Longer than the bound of a commit's time.</summary>
    private const string KeepLock = "SELECT pg_sleep(0.6)";

    /// <summary>More than the bound of waiting commands.</summary>
    private const int WritersOfFullQueue = 4_600;

    /// <summary>More than the second node has places for.</summary>
    private const int Sockets = 1_500;

    public static readonly IReadOnlyList<Cause> All =
    [
        new(
            "a node is killed",
            ["VezaHostDown"],
            Causes.Between(hosts => hosts.Node2.KillAsync(), hosts => hosts.Node2.StartAsync())
        ),
        new(
            "the node that runs the projections is killed",
            ["VezaHostDown", "ProjectionAbandoned"],
            Causes.Between(hosts => hosts.Node1.KillAsync(), hosts => hosts.Node1.StartAsync())
        ),
        new(
            "all nodes are killed",
            ["VezaDown"],
            Causes.Between(
                hosts => Task.WhenAll(hosts.Node1.KillAsync(), hosts.Node2.KillAsync()),
                hosts => Task.WhenAll(hosts.Node1.StartAsync(), hosts.Node2.StartAsync())
            )
        )
        {
            HeldBack = ["VezaHostDown", "PublicAddressFails"],
        },
        new("a read model's view is gone", ["ServerFaults", "AvailabilityBudgetBurnsFast"], MissingViewAsync)
        {
            HeldBack = ["AvailabilityBudgetBurnsSlowly"],
            Afterwards = ["AvailabilityBudgetBurnsSlowly"],
        },
        new("a read model's table refuses a row", ["ProjectionStopped"], RefusingTableAsync),
        new("the log is locked again and again", ["CommitsSlow", "LatencyBudgetBurnsFast"], SlowLogAsync)
        {
            HeldBack = ["LatencyBudgetBurnsSlowly"],
            Afterwards = ["LatencyBudgetBurnsSlowly"],
        },
        new("thousands write while the log is locked", ["LogQueueGrows"], FullQueueAsync),
        new("a read model is locked", ["ProjectionLags", "FreshnessBudgetBurnsFast"], LockedTableAsync)
        {
            HeldBack = ["FreshnessBudgetBurnsSlowly"],
            Afterwards = ["FreshnessBudgetBurnsSlowly"],
        },
        new("the mail server is away", ["MailFails", "ReactorLags"], NoMailAsync),
        new("the mail server refuses a mail for ever", ["ReactorGaveUp"], RefusedMailAsync),
        new(
            "clients take a node's places",
            ["ConnectionsNearMax", "ConnectionsRefused", "FilesNearMax"],
            TakenPlacesAsync
        ),
        new("wrong passwords come from many networks", ["SignInAttack"], hosts =>
            CallAsync(hosts.Node1, (v, ct) => v.GuessAsync(ct))
        ),
        new("one caller asks too fast", ["RefusalsSurge"], hosts => CallAsync(hosts.Node2, (v, ct) => v.ReadAsync(ct))),
        new("a private PostgreSQL is killed", ["PrivatePostgresRestarted"], KilledPostgresAsync),
    ];

    private static async Task<IAsyncDisposable> CallAsync(VezaNode node, Func<Visitor, CancellationToken, Task> call)
    {
        var visitor = new Visitor(node.Address);
        var calling = Repetition.Of(ct => call(visitor, ct), TimeSpan.FromMilliseconds(20), atOnce: 4);
        return new Healing(async () =>
        {
            await calling.DisposeAsync();
            visitor.Dispose();
        });
    }

    private static async Task<IAsyncDisposable> MissingViewAsync(WatchedHosts hosts)
    {
        var visitor = await Visitor.RegisterAsync(hosts.Node1.Address);
        await hosts.Databases.AskAsync($"ALTER VIEW {MessagesView} RENAME TO gone");
        var reading = Repetition.Of(visitor.ReadAsync, Often, atOnce: 2);
        return new Healing(async () =>
        {
            await reading.DisposeAsync();
            visitor.Dispose();
            await hosts.Databases.AskAsync("ALTER VIEW views.gone RENAME TO chat_messages");
        });
    }

    /// <summary>It ends as the runbook says.</summary>
    private static async Task<IAsyncDisposable> RefusingTableAsync(WatchedHosts hosts)
    {
        using var visitor = await Visitor.RegisterAsync(hosts.Node1.Address);
        await hosts.Databases.AskAsync($"ALTER TABLE {MessagesTable} ADD CONSTRAINT never CHECK (false) NOT VALID");
        await visitor.WriteAsync(default);
        return new Healing(async () =>
        {
            await hosts.Databases.AskAsync($"ALTER TABLE {MessagesTable} DROP CONSTRAINT never");
            (await hosts.Node1.OperateAsync("projections", "retry", Projection)).Succeeded();
        });
    }

    private static async Task<IAsyncDisposable> SlowLogAsync(WatchedHosts hosts)
    {
        var visitor = await Visitor.RegisterAsync(hosts.Node1.Address);
        var locking = Repetition.Of(
            _ => hosts.Databases.AskAsync("BEGIN", LockLog, KeepLock, "COMMIT"),
            TimeSpan.FromMilliseconds(800)
        );
        var writing = Repetition.Of(visitor.WriteAsync, AtOnce, atOnce: 64);
        return new Healing(async () =>
        {
            await locking.DisposeAsync();
            await writing.DisposeAsync();
            visitor.Dispose();
        });
    }

    private static async Task<IAsyncDisposable> FullQueueAsync(WatchedHosts hosts)
    {
        var visitor = await Visitor.RegisterAsync(hosts.Node1.Address);
        var held = await HeldLock.TakeAsync(hosts, LockLog);
        var writing = Repetition.Of(visitor.WriteAsync, AtOnce, WritersOfFullQueue);
        return new Healing(async () =>
        {
            await held.DisposeAsync();
            await writing.DisposeAsync();
            visitor.Dispose();
        });
    }

    private static async Task<IAsyncDisposable> LockedTableAsync(WatchedHosts hosts)
    {
        var visitor = await Visitor.RegisterAsync(hosts.Node1.Address);
        var held = await HeldLock.TakeAsync(hosts, $"LOCK TABLE {MessagesTable} IN EXCLUSIVE MODE");
        var writing = Repetition.Of(visitor.WriteAsync, AtOnce, atOnce: 64);
        return new Healing(async () =>
        {
            await writing.DisposeAsync();
            await held.DisposeAsync();
            visitor.Dispose();
        });
    }

    private static async Task<IAsyncDisposable> NoMailAsync(WatchedHosts hosts)
    {
        var visitor = await Visitor.RegisterAsync(hosts.Node1.Address);
        await hosts.Mail.StopAsync();
        var registering = Repetition.Of(
            async _ => (await Visitor.RegisterAsync(hosts.Node1.Address)).Dispose(),
            TimeSpan.FromSeconds(1)
        );
        var writing = Repetition.Of(visitor.WriteAsync, AtOnce, atOnce: 64);
        return new Healing(async () =>
        {
            await registering.DisposeAsync();
            await writing.DisposeAsync();
            visitor.Dispose();
            hosts.Mail.Start();
        });
    }

    private static async Task<IAsyncDisposable> RefusedMailAsync(WatchedHosts hosts)
    {
        hosts.Mail.RefusesRecipients = true;
        (await Visitor.RegisterAsync(hosts.Node1.Address)).Dispose();
        return new Healing(() =>
        {
            hosts.Mail.RefusesRecipients = false;
            return Task.CompletedTask;
        });
    }

    /// <summary>Connections that ask for nothing. Those that the node closes are made again.</summary>
    private static Task<IAsyncDisposable> TakenPlacesAsync(WatchedHosts hosts)
    {
        var holding = Repetition.Of(
            async ct =>
            {
                using var client = new TcpClient();
                await client.ConnectAsync(hosts.Node2.Host, hosts.Node2.Port, ct);
                _ = await client.GetStream().ReadAsync(new byte[1], ct);
            },
            Often,
            Sockets
        );
        return Task.FromResult<IAsyncDisposable>(holding);
    }

    private static async Task<IAsyncDisposable> KilledPostgresAsync(WatchedHosts hosts)
    {
        var (node, disk) = await hosts.StartPrivateNodeAsync();
        var lines = await File.ReadAllLinesAsync(Path.Combine(node.Home, "postgres/data/postmaster.pid"));
        (await Shell.RunAsync("sh", "-c", $"kill -s KILL {lines[0]}")).Succeeded();
        return new Healing(() => hosts.StopPrivateNodeAsync(node, disk));
    }
}

/// <summary>A lock that a transaction of the primary holds.</summary>
internal sealed class HeldLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private HeldLock(NpgsqlConnection connection) => _connection = connection;

    public static async Task<HeldLock> TakeAsync(WatchedHosts hosts, string statement)
    {
        var connection = await hosts.Databases.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; {statement}", connection);
        await command.ExecuteNonQueryAsync();
        return new(connection);
    }

    /// <summary>Closing the connection ends its transaction.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
