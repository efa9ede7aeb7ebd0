using System.Globalization;
using System.Text.Json;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>
/// A small production on Debian hosts of this machine, as deploy/test/ansible sets it up: db1 and db2, app1 and app2,
/// proxy1, monitor1.
/// </summary>
internal sealed class RehearsedHosts
{
    private static readonly string Network = Environment.GetEnvironmentVariable("VEZA_HOSTS_NETWORK") ?? "10.77.0";
    private static readonly string Folder = $"/var/tmp/veza-rehearsal/{Network}";

    /// <summary>Hosts are kept for the next run, which then uses them.</summary>
    private static readonly bool Kept = Environment.GetEnvironmentVariable("VEZA_REHEARSE_KEEP") == "1";

    private readonly HttpClient _http = new();
    private string _nodes = Environment.GetEnvironmentVariable("VEZA_REHEARSAL_NODES") ?? "app1 app2";
    private string _tarball = "";

    /// <summary>Of the proxy.</summary>
    public string Address { get; private set; } = "";

    public async Task SetUpAsync()
    {
        _tarball = Environment.GetEnvironmentVariable("VEZA_REHEARSE_TARBALL")
            ?? (await RunAsync("deploy/linux/build-release")).Succeeded().Trim();
        if (!Kept || !File.Exists($"{Folder}/rehearsal.env"))
            (await AnsibleAsync("--extra-vars", $"veza_release={_tarball}")).Succeeded();
        Address = $"https://{await AddressAsync("proxy1")}";
    }

    public async Task DownAsync()
    {
        if (Kept)
            return;
        await RunAsync("deploy/test/hosts", "down");
        // The bucket that deploy/test/ansible serves to the hosts.
        var bucket = $"{Folder}/s3/pid";
        if (File.Exists(bucket))
            await RunAsync("kill", (await File.ReadAllTextAsync(bucket)).Trim());
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Sets hosts up, or changes them, as the inventory says.</summary>
    public Task<ShellResult> AnsibleAsync(params string[] arguments) => RunAsync("deploy/test/ansible", arguments);

    /// <summary>The built release under another version.</summary>
    /// <param name="fault">Lines of shell before its start.</param>
    public async Task MakeReleaseAsync(string version, string fault = "")
    {
        const string Script = """
            set -euo pipefail
            [ ! "$1/veza-$3-linux-x64.tar.gz" -nt "$2" ] || exit 0
            mkdir -p "$1"
            work=$(mktemp -d "$1/work.XXXXXX")
            tar -xzf "$2" -C "$work"
            mv "$work"/veza-* "$work/veza-$3"
            cp deploy/test/stand-ins/faulty-database "$work/veza-$3/"
            echo "$4" > "$work/veza-$3/fault"
            sed -i 's|^exec |here=$(dirname "$(readlink -f "$0")")\n[ "$1" != run ] \|\| . "$here/fault"\nexec |' \
              "$work/veza-$3/veza"
            tar -cf - -C "$work" "veza-$3" | gzip -1 > "$1/veza-$3-linux-x64.tar.gz"
            rm -rf "$work"
            """;
        (await RunAsync("bash", "-c", Script, "repack", $"{Folder}/releases", _tarball, version, fault)).Succeeded();
    }

    /// <summary>Lines of a release whose connections go through deploy/test/stand-ins/faulty-database.</summary>
    public static string Database(string fault) =>
        $"""
            python3 "$here/faulty-database" 5433 db1:5432 {fault} &
            export DATABASE_URL="$(sed 's|@[^/]*/|@127.0.0.1:5433/|' "$DATABASE_URL_FILE")"
            unset DATABASE_URL_FILE
            """;

    public Task<ShellResult> DeployAsync(
        string version,
        string strategy,
        params IEnumerable<(string Name, string Value)> settings
    ) =>
        Shell.RunAsync(
            "deploy/scripts/deploy.sh",
            [$"{Folder}/rehearsal.env", version, "--strategy", strategy],
            Variables.Concat(settings.Select(s => KeyValuePair.Create(s.Name, s.Value))).ToDictionary()
        );

    public Task<ShellResult> ScriptAsync(string script, params string[] arguments) =>
        RunAsync($"deploy/scripts/{script}", [$"{Folder}/rehearsal.env", .. arguments]);

    /// <summary>A host from bare Debian to a node that has requests.</summary>
    public async Task<ShellResult> JoinAsync(string node, string version)
    {
        _nodes += $" {node}";
        var set = await AnsibleAsync(
            "--limit",
            $"{node},monitor1",
            "--extra-vars",
            $"veza_version={version} veza_release={Folder}/releases/veza-{version}-linux-x64.tar.gz"
        );
        return set.Code == 0 ? await ScriptAsync("deploy.sh", version) : set;
    }

    /// <summary>Waits until a database host has archived what was committed until then.</summary>
    public async Task ArchivedAsync(string host, DateTimeOffset until)
    {
        (await SqlAsync(host, "select pg_switch_wal()")).Succeeded();
        var milliseconds = until.ToUnixTimeMilliseconds();
        var sql = $"select last_archived_time > to_timestamp({milliseconds} / 1000.0) from pg_stat_archiver";
        await Eventually.TrueAsync(async () => (await SqlAsync(host, sql)).Output.Trim() == "t");
    }

    /// <returns>Alerts that Alertmanager has.</returns>
    public async Task<IReadOnlyList<string>> AlertsAsync()
    {
        var address = new Uri($"http://{await AddressAsync("monitor1")}:9093/api/v2/alerts");
        using var alerts = JsonDocument.Parse(await _http.GetStringAsync(address));
        return
        [
            .. alerts
                .RootElement.EnumerateArray()
                .Select(a => a.GetProperty("labels").GetProperty("alertname").GetString()!),
        ];
    }

    public Task<ShellResult> RunAsync(string program, params string[] arguments) =>
        Shell.RunAsync(program, arguments, Variables);

    /// <returns>The line of an output that begins with a word.</returns>
    public static string Line(ShellResult result, string word) =>
        result.Output.Split('\n').FirstOrDefault(line => line.StartsWith(word, StringComparison.Ordinal), $"no {word}");

    public static double Seconds(ShellResult result, string word) =>
        double.TryParse(
            Line(result, word).Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1),
            CultureInfo.InvariantCulture,
            out var seconds
        )
            ? seconds
            : double.MaxValue;

    /// <returns>Why a deployment went back.</returns>
    public static string Reason(ShellResult result) =>
        result
            .Errors.Split('\n')
            .FirstOrDefault(line => line.StartsWith("deploy: back to", StringComparison.Ordinal), "-");

    private Dictionary<string, string> Variables =>
        new()
        {
            ["VEZA_HOSTS_NETWORK"] = Network,
            ["VEZA_HOSTS_SHARE"] = $"{Folder}/share",
            ["VEZA_REHEARSAL_NODES"] = _nodes,
        };

    private async Task<string> AddressAsync(string host) =>
        (await RunAsync("deploy/test/hosts", "address", host)).Succeeded().Trim();

    private Task<ShellResult> SqlAsync(string host, string sql) =>
        RunAsync(
            "deploy/test/hosts",
            "ssh",
            host,
            $"cd / && runuser -u postgres -- psql --no-psqlrc -XAtqc \"{sql}\" veza"
        );
}
