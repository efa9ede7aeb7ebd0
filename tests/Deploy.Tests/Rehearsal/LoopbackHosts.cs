using Veza.EventStore.Postgres;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>
/// Two nodes and a proxy on loopback, which the scripts of deploy/ change by their ordinary ways. ssh and systemctl are
/// those of deploy/test/stand-ins; nginx is Debian's, with the site file of deploy/nginx.
/// </summary>
internal sealed class LoopbackHosts : IAsyncDisposable
{
    private static readonly string[] Nodes = ["127.0.0.1", "127.0.0.2"];

    private readonly string _root = Directory.CreateTempSubdirectory("veza-rehearsal-").FullName;
    private readonly int _port = Loopback.FreePort();
    private LocalPostgres _postgres = null!;
    private string _nginx = "";

    public string Address => $"https://127.0.0.1:{_port}";

    /// <summary>One line per deployment.</summary>
    public string Log => File.ReadAllText(Path.Combine(_root, "deployments.log"));

    public static async Task<LoopbackHosts> StartAsync()
    {
        var hosts = new LoopbackHosts();
        try
        {
            hosts._postgres = await LocalPostgres.StartEphemeralAsync(fsync: false, loopback: true);
            foreach (var node in Nodes)
                hosts.MakeNode(node);
            await hosts.MakeProxyAsync();
            hosts.MakeEnvironment();
            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a release that runs this checkout's build.</summary>
    /// <param name="settings">Lines of shell before its start, such as <c>export PORT=none</c>.</param>
    public async Task MakeReleaseAsync(string version, string settings = "")
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, "build", $"veza-{version}"));
        var program = Path.Combine(Shell.Root, "src/Cli/bin/Release/net10.0/Veza.Cli.dll");
        var start = Path.Combine(folder.FullName, "veza");
        await File.WriteAllTextAsync(start, $"#!/bin/sh\n{settings}\nexec dotnet {program} \"$@\"\n");
        File.SetUnixFileMode(start, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(Path.Combine(_root, "releases"));
        var tarball = Path.Combine(_root, $"releases/veza-{version}-linux-x64.tar.gz");
        (await Shell.RunAsync("tar", "-czf", tarball, "-C", folder.Parent!.FullName, folder.Name)).Succeeded();
    }

    /// <summary>Runs a script of deploy/scripts for this environment.</summary>
    public Task<ShellResult> RunAsync(string script, params string[] arguments) =>
        Shell.RunAsync($"deploy/scripts/{script}", [EnvironmentFile, .. arguments], Variables);

    public Task<ShellResult> OnAsync(string host, string command) =>
        Shell.RunAsync("deploy/test/stand-ins/ssh-here", [host, command], Variables);

    private string EnvironmentFile => Path.Combine(_root, "rehearsal.env");

    private Dictionary<string, string> Variables =>
        new()
        {
            ["REHEARSAL_ROOT"] = _root,
            ["VEZA_NGINX"] = $"{_nginx} -p {_root}/nginx -c {_root}/nginx/nginx.conf -e {_root}/nginx/error.log",
            ["VEZA_NGINX_PID"] = $"{_root}/nginx/pid",
            ["VEZA_NGINX_UPSTREAM"] = $"{_root}/nginx/veza/upstream.conf",
            // The lines of a busy machine's compiler server must not keep a node's files open.
            ["DOTNET_TieredPGO"] = "0",
        };

    private void MakeNode(string node)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, node, "etc/slots")).Parent!.FullName;
        Directory.CreateDirectory(Path.Combine(_root, "home"));
        File.WriteAllLines(
            Path.Combine(folder, "veza.env"),
            [
                $"HOST={node}",
                $"VEZA_HOME={_root}/home",
                $"DATABASE_URL={DatabaseUrl()}",
                "JWT_SECRET=7f4a1c60b2d94e0fa83b5c6d7e8f9012a3b4c5d6e7f80911",
                "ENCRYPTION_KEY=19f0e8d7c6b5a4932817060f5e4d3c2b1a09f8e7d6c5b4a3",
                "TRUSTED_PROXIES=127.0.0.0/8",
                "RATE_LIMIT_PER_MINUTE=10000000",
                "DATABASE_POOL_SIZE=20",
                "LOG_LEVEL=warning",
            ]
        );
        foreach (var slot in new[] { "blue", "green" })
            File.WriteAllLines(
                Path.Combine(folder, "slots", slot + ".env"),
                [$"PORT={Loopback.FreePort()}", $"PROMETHEUS_PORT={Loopback.FreePort()}"]
            );
    }

    private string DatabaseUrl()
    {
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(_postgres.ConnectionString);
        var user = $"{connection.Username}:{connection.Password}";
        return $"postgresql://{user}@127.0.0.1:{_postgres.Port}/{connection.Database}";
    }

    private void MakeEnvironment() =>
        File.WriteAllLines(
            EnvironmentFile,
            [
                "PLATFORM=hosts",
                $"VEZA_HOSTS=\"{string.Join(' ', Nodes)}\"",
                "PROXY_HOSTS=proxy",
                $"SSH_COMMAND={Shell.Root}/deploy/test/stand-ins/ssh-here",
                $"RELEASES={_root}/releases",
                $"PUBLIC_URL={Address}",
                "SMOKE_OPTIONS=--insecure",
                $"DEPLOY_LOG={_root}/deployments.log",
                // Long enough for some requests, short enough for a test.
                "WATCH_SECONDS=2",
                "WARM_UP_SECONDS=0",
                // Slow is what no busy machine makes of a sound release.
                "SLOW_SECONDS=5",
            ]
        );

    private async Task MakeProxyAsync()
    {
        _nginx = await Shell.DebianFileAsync("nginx", "usr/sbin/nginx");
        await LoopbackSite.WriteAsync($"{_root}/nginx", "127.0.0.1", _port, Loopback.FreePort());
        // As installed: it runs before the first release, with a node that is not there yet.
        (await OnAsync("proxy", "veza-weights 127.0.0.3:9=1")).Succeeded();
        (await OnAsync("proxy", "$VEZA_NGINX")).Succeeded();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            await OnAsync(node, "systemctl stop veza@blue & systemctl stop veza@green; wait");
        // nginx writes an empty file when it only checks its configuration.
        var pidFile = Path.Combine(_root, "nginx/pid");
        if (File.Exists(pidFile) && int.TryParse(await File.ReadAllTextAsync(pidFile), out var pid))
        {
            await Shell.RunAsync("kill", "-TERM", $"{pid}");
            await Eventually.TrueAsync(() => !Directory.Exists($"/proc/{pid}"));
        }
        if (_postgres is not null)
            await _postgres.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
