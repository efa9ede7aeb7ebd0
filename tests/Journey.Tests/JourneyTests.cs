using System.Text;
using Veza.Api;
using Veza.EventStore.Marten;
using Veza.EventStore.Postgres;
using Veza.Projections.Tests.Marten;

namespace Veza.Journey.Tests;

public class JourneyTests
{
    private static readonly TimeSpan DemoMax = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task The_demo_finds_no_difference_rebuilds_equal_the_served_rows_and_no_output_holds_a_secret()
    {
        // The forms of the demo's passwords, some of them wrong, and of tokens, which have known prefixes.
        string[] secrets =
        [
            "marked-jwt-key-0123456789abcdef0123456789",
            "marked-encryption-key-0123456789abcdef012345",
            "-horse-9-battery",
            "eyJhbGciOi",
        ];
        await using var veza = new VezaProcess(
            ("JWT_SECRET", secrets[0]),
            ("ENCRYPTION_KEY", secrets[1]),
            ("LOG_LEVEL", "debug")
        );
        await veza.StartAsync();
        using var demo = await Demo.StartAsync(veza);
        await demo.AllEqualAsync(DemoMax);
        await RebuiltEqualsLiveAsync(veza);
        await DaemonEqualsProductAsync(veza, secrets[1]);
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(veza.Metrics, TestContext.Current.CancellationToken);
        Assert.Equal(0, await veza.StopAsync());

        Assert.Contains("veza_commands_handled", metrics, StringComparison.Ordinal);
        Assert.Contains("db_client_connection_pool_name=\"veza-append\"", metrics, StringComparison.Ordinal);
        // A metric with the connection string of a pool would hold one, and a label with an id would differ at each
        // start.
        Assert.DoesNotContain("Host=", metrics, StringComparison.Ordinal);
        Assert.DoesNotMatch("=\"[^\"]*[0-9a-f]{8}-[0-9a-f]{4}-", metrics);
        Assert.Contains(veza.Lines, line => line.Contains("/api/v1/sessions", StringComparison.Ordinal));
        var written = Directory.EnumerateFiles(veza.Home, "*", SearchOption.AllDirectories).ToList();
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, demo.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, metrics, StringComparison.Ordinal);
            Assert.DoesNotContain(veza.Lines, line => line.Contains(secret, StringComparison.Ordinal));
            Assert.Empty(await WithAsync(written, Encoding.ASCII.GetBytes(secret)));
        }
        // Proves that the search finds what is there.
        Assert.NotEmpty(await WithAsync(written, "account_registered"u8.ToArray()));
    }

    [Fact]
    public async Task After_kill_9_in_the_middle_of_the_demo_nothing_acknowledged_is_missing_and_live_clients_go_on()
    {
        await using var veza = new VezaProcess();
        await veza.StartAsync();
        var acknowledged = Path.Combine(veza.Home, "acknowledged.ndjson");
        using var demo = await Demo.StartAsync(veza, "--ack-log", acknowledged, "--keep-alive-on-disconnect");
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var seen = 0;
        foreach (var writes in (int[])[150, 400])
        {
            // Killed after a number of acknowledged writes, so always in the middle of traffic on a machine of any
            // speed.
            while ((seen = Lines(acknowledged).Length) < writes)
                await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            await veza.KillAsync();
            await veza.StartAsync();
        }
        await demo.AllEqualAsync(DemoMax);
        Assert.True(Lines(acknowledged).Length > seen, "the demo ended before the last restart");
    }

    private static async Task RebuiltEqualsLiveAsync(VezaProcess veza)
    {
        await using var models = await ReadModelRows.OpenAsync(veza);
        var live = await models.AtRestAsync();
        await models.RebuildAllAsync();
        var rebuilt = await models.AtRestAsync();
        // Each rebuild is an operator's act, which the log and the operator's list record.
        var acts = live.Rows.Count;
        Assert.Equal(live.Head + acts, rebuilt.Head);
        var different = live
            .Rows.Select(view =>
                (
                    Name: view.Key,
                    Live: view.Value.Except(rebuilt.Rows[view.Key]).ToArray(),
                    Rebuilt: rebuilt.Rows[view.Key].Except(view.Value).ToArray()
                )
            )
            .Where(v =>
                v.Live.Length > 0
                || v.Rebuilt.Length != More(v.Name)
                || rebuilt.Rows[v.Name].Length != live.Rows[v.Name].Length + More(v.Name)
            )
            .Select(v =>
                $"{v.Name}: {v.Live.Length} rows only live, such as {v.Live.FirstOrDefault()}; "
                + $"{v.Rebuilt.Length} only rebuilt, such as {v.Rebuilt.FirstOrDefault()}"
            );
        Assert.Empty(different);
        Assert.Empty(live.Rows.Where(view => view.Value.Length == 0).Select(view => view.Key));

        int More(string view) => view == "accounts.security_events" ? acts : 0;
    }

    /// <summary>Marten's daemon over the demo's log builds the same rows as the product.</summary>
    private static async Task DaemonEqualsProductAsync(VezaProcess veza, string encryptionKey)
    {
        var ct = TestContext.Current.CancellationToken;
        var connection = (await LocalPostgres.FindRunningAsync(veza.Home, ct))!;
        await using var log = await LogTypes.OpenAsync(
            connection,
            VezaApplication.EventTypes,
            Encoding.UTF8.GetBytes(encryptionKey),
            TimeProvider.System,
            ct
        );
        await using var daemon = await DaemonComparison.StartAsync(
            connection,
            log.Cipher,
            VezaApplication.Aggregates,
            ct
        );
        await daemon.CaughtUpAsync();
        await daemon.StopAsync();
        await daemon.AllEqualAsync(ct);
    }

    /// <returns>The files, including PostgreSQL's, that hold these bytes.</returns>
    private static async Task<List<string>> WithAsync(List<string> files, byte[] bytes)
    {
        var found = new List<string>();
        foreach (var file in files)
            if (
                (await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)).AsSpan().IndexOf(bytes) >= 0
            )
                found.Add(file);
        return found;
    }

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];
}
