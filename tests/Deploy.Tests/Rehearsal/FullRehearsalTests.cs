using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>
/// <c>./veza rehearse</c>: releases change and a server is lost, on Debian hosts with systemd, while people write and
/// follow. Prints a table.
/// </summary>
public sealed class FullRehearsalTests
{
    /// <summary>Pauses the process most of the time: it answers everything, and late.</summary>
    private const string Slow = "(while sleep 1; do kill -STOP $$; sleep 4; kill -CONT $$; done) &";

    private readonly StringBuilder _table = new();
    private readonly List<string> _wrong = [];
    private string _folder = "";

    [Fact]
    public async Task Releases_change_and_a_primary_is_lost_under_traffic()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("VEZA_REHEARSE") == "1",
            "./veza rehearse runs it: minutes, root and Debian hosts"
        );
        var tarball = Environment.GetEnvironmentVariable("VEZA_REHEARSE_TARBALL")
            ?? (await Shell.RunAsync("deploy/linux/build-release")).Succeeded().Trim();
        try
        {
            var up = await Shell.RunAsync("deploy/test/rehearse", "up", tarball);
            _folder = up.Succeeded().Trim();
            await MakeReleaseAsync(tarball, "1.0.0");
            await MakeReleaseAsync(tarball, "1.1.0");
            await MakeReleaseAsync(tarball, "1.2.0");
            await MakeReleaseAsync(tarball, "1.3.0");
            await MakeReleaseAsync(tarball, "1.4.0", "export PORT=none");
            await MakeReleaseAsync(tarball, "1.5.0", Slow);
            _table.AppendLine("scenario | requests | failed | items | missed | repeated | seconds | longest pause");
            (await DeployAsync("1.0.0", "blue-green")).Succeeded();

            await ScenarioAsync("rolling", () => DeployAsync("1.1.0", "rolling"));
            await ScenarioAsync("blue-green", () => DeployAsync("1.2.0", "blue-green"));
            await ScenarioAsync("canary", () => DeployAsync("1.3.0", "canary"));
            await ScenarioAsync("does not start", () => DeployAsync("1.4.0", "rolling"), code: 1, secondsMax: 60);
            await ScenarioAsync("slow, in a canary", () => DeployAsync("1.5.0", "canary"), code: 1, secondsMax: 60);
            await ScenarioAsync("rollback.sh", () => ScriptAsync("rollback.sh", "1.2.0"));
            await FailoverAsync();
        }
        finally
        {
            TestContext.Current.TestOutputHelper?.WriteLine(_table.ToString());
            Console.WriteLine(_table);
            if (Environment.GetEnvironmentVariable("VEZA_REHEARSE_KEEP") != "1")
                await Shell.RunAsync("deploy/test/rehearse", "down");
        }
        Assert.True(_wrong.Count == 0, $"{_table}\n{string.Join('\n', _wrong)}");
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given)
            ? given
            : otherwise;

    private async Task ScenarioAsync(string name, Func<Task<ShellResult>> act, int code = 0, int secondsMax = 600)
    {
        await using var traffic = await StartTrafficAsync();
        var took = Stopwatch.StartNew();
        var result = await act();
        var seconds = took.Elapsed.TotalSeconds;
        var report = await traffic.StopAsync();
        Row(name, report, seconds, traffic.LongestPause);
        if (result.Code != code || report is not { Failed: 0, Missed: 0, Repeated: 0 } || seconds > secondsMax)
            _wrong.Add($"{name}: exit code {result.Code}\n{result.Errors}\n{string.Join('\n', report.Failures)}");
    }

    /// <summary>The primary loses power. Requests fail meanwhile; what was acknowledged is there afterwards.</summary>
    private async Task FailoverAsync()
    {
        await using var traffic = await StartTrafficAsync();
        (await Shell.RunAsync("deploy/test/hosts", ["kill", "db1"], Variables)).Succeeded();
        var took = Stopwatch.StartNew();
        var promoted = await ScriptAsync("promote-standby.sh");
        var answered = traffic.Requests + 1000;
        await Eventually.TrueAsync(() => traffic.Requests >= answered, TimeSpan.FromMinutes(3));
        var seconds = took.Elapsed.TotalSeconds;
        var report = await traffic.StopAsync();
        var lost = await traffic.LostAsync();
        Row("primary lost", report, seconds, traffic.LongestPause);
        _table.AppendLine(
            CultureInfo.InvariantCulture,
            $"primary lost: {lost} acknowledged messages lost, "
                + $"{traffic.EpochsChanged} subscribers were sent epochChanged"
        );
        if (promoted.Code != 0 || lost > 0 || report.Repeated > 0 || traffic.LongestPause.TotalSeconds > 30)
            _wrong.Add($"primary lost: exit code {promoted.Code}\n{promoted.Errors}");
    }

    private async Task<Traffic> StartTrafficAsync()
    {
        var address = (await Shell.RunAsync("deploy/test/hosts", ["address", "proxy1"], Variables)).Succeeded().Trim();
        return await Traffic.StartAsync(
            $"https://{address}",
            rooms: 20,
            subscribers: Setting("VEZA_REHEARSE_SUBSCRIBERS", 500),
            perSecond: Setting("VEZA_REHEARSE_RATE", 250)
        );
    }

    private void Row(string name, TrafficReport report, double seconds, TimeSpan pause) =>
        _table.AppendLine(
            CultureInfo.InvariantCulture,
            $"{name} | {report.Requests} | {report.Failed} | {report.Items} | {report.Missed} | {report.Repeated} | "
                + $"{seconds:F1} | {pause.TotalSeconds:F1}"
        );

    private Task<ShellResult> DeployAsync(string version, string strategy) =>
        ScriptAsync("deploy.sh", version, "--strategy", strategy);

    private Task<ShellResult> ScriptAsync(string script, params string[] arguments) =>
        Shell.RunAsync($"deploy/scripts/{script}", [$"{_folder}/rehearsal.env", .. arguments], Variables);

    private static Dictionary<string, string> Variables =>
        new() { ["VEZA_HOSTS_NETWORK"] = Environment.GetEnvironmentVariable("VEZA_HOSTS_NETWORK") ?? "10.77.1" };

    /// <summary>The built release under another version.</summary>
    private async Task MakeReleaseAsync(string tarball, string version, string settings = "true")
    {
        const string Script = """
            set -euo pipefail
            cd "$1/releases"
            rm -rf work && mkdir work && tar -xzf "$2" -C work
            mv work/veza-* "work/veza-$3"
            sed -i "2i $4" "work/veza-$3/veza"
            tar -cf - -C work "veza-$3" | gzip -1 > "veza-$3-linux-x64.tar.gz"
            rm -rf work
            """;
        (await Shell.RunAsync("bash", "-c", Script, "repack", _folder, tarball, version, settings)).Succeeded();
    }
}
