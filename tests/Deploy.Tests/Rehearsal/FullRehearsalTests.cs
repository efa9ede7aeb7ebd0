using System.Diagnostics;
using System.Globalization;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>
/// <c>./veza rehearse</c>: releases change, and databases are lost, on Debian hosts with systemd, while people write
/// and follow. Prints a table.
/// </summary>
public sealed class FullRehearsalTests
{
    private const string Unchanged = "0 failed, 0 missed, 0 repeated";
    private const int Subscribers = 500;
    private const int CommandsPerSecondMin = 200;

    /// <summary>Requests of a step, so that what follows a loss is service and not one lucky answer.</summary>
    private const int BackAfterCommands = 200;

    /// <summary>By then a node has started; with breaking connections it would not.</summary>
    private const int StartedAfterSeconds = 40;

    private static readonly TimeSpan BackWithin = TimeSpan.FromMinutes(20);

    private readonly RehearsedHosts _hosts = new();
    private readonly RehearsalTable _table = new();
    private Traffic _traffic = null!;

    [Fact]
    public async Task Releases_change_and_databases_are_lost_under_traffic()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("VEZA_REHEARSE") == "1",
            "./veza rehearse runs it: an hour on a busy machine, root and Debian hosts"
        );
        try
        {
            await _hosts.SetUpAsync();
            foreach (var version in new[] { "1.1.0", "1.2.0", "1.3.0" })
                await _hosts.MakeReleaseAsync(version);
            await _hosts.MakeReleaseAsync("1.4.0", "export PORT=none");
            await _hosts.MakeReleaseAsync("1.5.0", RehearsedHosts.Database("delay 100000"));
            await _hosts.MakeReleaseAsync("1.6.0", RehearsedHosts.Database($"break 40 {StartedAfterSeconds}"));
            await _hosts.MakeReleaseAsync("1.7.0", RehearsedHosts.Database("delay 250"));
            _traffic = await Traffic.StartAsync(_hosts.Address, rooms: 100, Subscribers, Rate);
            await SteadyAsync();
            await PartAsync("releases", ReleasesAsync);
            await PartAsync("join", JoinAsync);
            await PartAsync("unhealthy", UnhealthyReleasesAsync);
            await PartAsync("worse", WorseReleasesAsync);
            await PartAsync("failover", FailoverAsync);
            await PartAsync("loss", LossAsync);
        }
        finally
        {
            _table.Print();
            if (_traffic is not null)
                await _traffic.DisposeAsync();
            await _hosts.DownAsync();
        }
        Assert.True(_table.Failures.Count == 0, string.Join('\n', _table.Failures));
    }

    /// <summary>Of the requests, each fifth reads.</summary>
    private static int Rate =>
        int.TryParse(
            Environment.GetEnvironmentVariable("VEZA_REHEARSE_RATE"),
            CultureInfo.InvariantCulture,
            out var rate
        )
            ? rate
            : CommandsPerSecondMin * 5 / 4 * 11 / 10;

    /// <summary>Runs a part, unless it is none of those that <c>VEZA_REHEARSE_PARTS</c> names.</summary>
    private static Task PartAsync(string name, Func<Task> run) =>
        Environment.GetEnvironmentVariable("VEZA_REHEARSE_PARTS") is { } parts && !parts.Split(',').Contains(name)
            ? Task.CompletedTask
            : run();

    private async Task SteadyAsync()
    {
        // The writers' connections open first.
        await CommandsAsync(CommandsPerSecondMin);
        _traffic.Begin();
        await CommandsAsync(CommandsPerSecondMin * 10);
        var report = await _traffic.CountAsync();
        _table.Add(
            "traffic alone",
            $"{CommandsPerSecondMin} commands/s, {Subscribers} subscribers, {Unchanged}",
            Seen(report),
            report.Took,
            IsUnchanged(report) && report.Commands / report.Took.TotalSeconds >= CommandsPerSecondMin
        );
    }

    private async Task ReleasesAsync()
    {
        await StepAsync("rolling", () => _hosts.DeployAsync("1.1.0", "rolling"));
        await StepAsync("blue-green", () => _hosts.DeployAsync("1.2.0", "blue-green"));
        await StepAsync("canary", () => _hosts.DeployAsync("1.3.0", "canary"));
        await StepAsync("rollback.sh", () => _hosts.ScriptAsync("rollback.sh"));
    }

    /// <summary>The nodes have 1.2.0 in blue, where Ansible starts the new one too.</summary>
    private async Task JoinAsync()
    {
        await StepAsync("a third node joins", () => _hosts.JoinAsync("app3", "1.2.0"));
        await StepAsync("canary, with three nodes", () => _hosts.DeployAsync("1.3.0", "canary"));
    }

    private async Task UnhealthyReleasesAsync()
    {
        await StepAsync("a release that ends at its start", () => _hosts.DeployAsync("1.4.0", "rolling"), back: 60);
        await StepAsync(
            "a release that never is healthy",
            () => _hosts.DeployAsync("1.5.0", "rolling", ("READY_SECONDS", "25")),
            back: 60
        );
    }

    private async Task WorseReleasesAsync()
    {
        await StepAsync(
            "a release that answers errors",
            () => _hosts.DeployAsync("1.6.0", "canary"),
            back: 120,
            mayFail: true
        );
        await StepAsync("a release that is slow", () => _hosts.DeployAsync("1.7.0", "canary"), back: 180);
    }

    /// <summary>The primary loses power. Requests fail meanwhile; what was acknowledged is there afterwards.</summary>
    private async Task FailoverAsync()
    {
        (await _hosts.ScriptAsync("backup.sh", "full", "--repository", "1")).Succeeded();
        _traffic.Begin();
        var epochs = _traffic.EpochsChanged;
        (await _hosts.RunAsync("deploy/test/hosts", "kill", "db1")).Succeeded();
        var promoted = await _hosts.ScriptAsync("promote-standby.sh");
        await CommandsAsync(_traffic.Commands + BackAfterCommands);
        await EpochsAsync(epochs);
        var report = await _traffic.CountAsync();
        var lost = await _traffic.LostAsync(TimeProvider.System.GetUtcNow());
        var changed = _traffic.EpochsChanged - epochs;
        _table.Add(
            "the primary is killed",
            "service back in 30 s, nothing acknowledged lost, epochChanged to all subscribers",
            string.Create(
                CultureInfo.InvariantCulture,
                $"back after {report.LongestPause.TotalSeconds:F1} s, {lost} lost of {report.Commands}, "
                    + $"{changed} epochChanged"
            ),
            report.Took,
            promoted.Code == 0
                && report.LongestPause.TotalSeconds < 30
                && lost == 0
                && changed >= Subscribers
                && report.Repeated == 0,
            promoted.Errors
        );
        await AlertAsync("HostDown");
        var took = Stopwatch.StartNew();
        (await _hosts.RunAsync("deploy/test/hosts", "up", "db1")).Succeeded();
        var joined = await _hosts.ScriptAsync("promote-standby.sh", "--rejoin", "db1");
        _table.Add(
            "it comes back as standby",
            "commits wait for it",
            joined.Errors.Trim().Split('\n')[^1],
            took.Elapsed,
            joined.Code == 0,
            joined.Errors
        );
    }

    /// <summary>Both databases are lost with their disks, and brought back to a moment before.</summary>
    private async Task LossAsync()
    {
        await _traffic.RenewAsync();
        _traffic.Begin();
        var epochs = _traffic.EpochsChanged;
        await CommandsAsync(BackAfterCommands);
        var to = TimeProvider.System.GetUtcNow();
        await CommandsAsync(_traffic.Commands + BackAfterCommands);
        await _hosts.ArchivedAsync("db2", to);
        var lostAt = TimeProvider.System.GetUtcNow();
        (await _hosts.RunAsync("deploy/test/hosts", "wipe", "db1", "db2")).Succeeded();
        (await _hosts.AnsibleAsync("--limit", "postgres", "--extra-vars", "postgres_restore=true")).Succeeded();
        var setUp = TimeProvider.System.GetUtcNow() - lostAt;
        var restored = await _hosts.ScriptAsync(
            "restore.sh",
            ["--host", "db1", "--repository", "1", "--to", Moment(to), "--lost-at", Moment(lostAt)]
        );
        await CommandsAsync(_traffic.Commands + BackAfterCommands);
        await EpochsAsync(epochs);
        var back = await _traffic.CountAsync();
        // Acknowledged a second before: its commit is before the moment by the database's clock too.
        var lost = await _traffic.LostAsync(to - TimeSpan.FromSeconds(1));
        _table.Add(
            "both databases are lost with their disks",
            "restored to a chosen second, RTO < 600 s, RPO < 60 s, epochChanged to all subscribers",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{RehearsedHosts.Line(restored, "RTO")}; {RehearsedHosts.Line(restored, "RPO")}; "
                    + $"{lost} lost of before; {_traffic.EpochsChanged - epochs} epochChanged; "
                    + $"{setUp.TotalSeconds:F0} s to set up bare hosts"
            ),
            back.Took,
            restored.Code == 0
                && lost == 0
                && _traffic.EpochsChanged - epochs >= Subscribers
                && RehearsedHosts.Seconds(restored, "RTO") < 600
                && RehearsedHosts.Seconds(restored, "RPO") < 60,
            restored.Errors
        );
        (await _hosts.ScriptAsync("promote-standby.sh", "--rejoin", "db2")).Succeeded();
        var took = Stopwatch.StartNew();
        var verified = await _hosts.RunAsync("deploy/test/hosts", "ssh", "app1", "veza verify");
        _table.Add(
            "veza verify",
            "the log is sound",
            verified.Output.Trim().Split('\n')[^1],
            took.Elapsed,
            verified.Code == 0,
            verified.Errors
        );
    }

    /// <param name="back">Seconds within which the deployment must go back by itself; without, it must succeed.</param>
    /// <param name="mayFail">Whether the new release may fail requests until then.</param>
    private async Task StepAsync(string name, Func<Task<ShellResult>> act, int? back = null, bool mayFail = false)
    {
        _traffic.Begin();
        var took = Stopwatch.StartNew();
        var result = await act();
        var seconds = took.Elapsed;
        var report = await _traffic.CountAsync();
        var unchanged = mayFail ? report is { Missed: 0, Repeated: 0 } : IsUnchanged(report);
        _table.Add(
            name,
            (back is null ? "" : $"back by itself in {back} s, ") + (mayFail ? "0 missed, 0 repeated" : Unchanged),
            (back is null ? "" : RehearsedHosts.Reason(result) + "; ") + Seen(report),
            seconds,
            unchanged && result.Code == (back is null ? 0 : 1) && seconds.TotalSeconds < (back ?? double.MaxValue),
            $"exit code {result.Code}\n{result.Errors}\n{string.Join('\n', report.Failures)}"
        );
    }

    private async Task AlertAsync(string name)
    {
        var took = Stopwatch.StartNew();
        await Eventually.TrueAsync(async () => (await _hosts.AlertsAsync()).Contains(name), BackWithin);
        _table.Add("Alertmanager is sent the alert", name, name, took.Elapsed, true);
    }

    private Task CommandsAsync(int count) => Eventually.TrueAsync(() => _traffic.Commands >= count, BackWithin);

    private Task EpochsAsync(int before) =>
        Eventually.TrueAsync(() => _traffic.EpochsChanged >= before + Subscribers, BackWithin);

    private static bool IsUnchanged(TrafficReport report) => report is { Failed: 0, Missed: 0, Repeated: 0 };

    private static string Moment(DateTimeOffset at) =>
        at.ToString("yyyy-MM-dd HH:mm:ss.fff'+00'", CultureInfo.InvariantCulture);

    private static string Seen(TrafficReport report) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Failed} failed of {report.Requests}, {report.SentAgain} sent again; "
                + $"{report.Missed} missed, {report.Repeated} repeated of "
                + $"{report.Items}; {report.Commands / report.Took.TotalSeconds:F0} commands/s"
        );
}
