namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>The programs that watch, with the configuration of deploy/monitoring.</summary>
public sealed partial class WatchedHosts
{
    private async Task StartMonitoringAsync()
    {
        var (nodePort, nginxPort, statusPort) = (Loopback.FreePort(), Loopback.FreePort(), Loopback.FreePort());
        var httpsPort = Loopback.FreePort();
        NodeExporter = await StartAsync(
            "prometheus-node-exporter",
            [
                $"--web.listen-address=:{nodePort}",
                $"--collector.textfile.directory={Textfiles}",
                $"--collector.filesystem.mount-points-exclude={OtherDisks}",
                // The others' files of /proc take longer than a second on a busy machine.
                "--collector.disable-defaults",
                .. Collectors.Select(name => $"--collector.{name}"),
            ]
        );
        await StartProxyAsync(httpsPort, statusPort);
        await StartAsync(
            "prometheus-nginx-exporter",
            $"-web.listen-address={ProxyHost}:{nginxPort}",
            // nginx may still start.
            "-nginx.retries=30",
            "-nginx.retry-interval=1s",
            $"-nginx.scrape-uri=http://{ProxyHost}:{statusPort}/nginx_status"
        );
        var (primary, _) = await StartPostgresExporterAsync(Database1, Databases.PrimaryPort);
        (var standby, StandbyExporter) = await StartPostgresExporterAsync(Database2, Databases.StandbyPort);
        _blackbox = $"{Monitor}:{Loopback.FreePort()}";
        await StartBlackboxAsync(_blackbox);
        await StartAlertmanagersAsync();
        string[] hosts = [App1, Database1, ProxyHost];
        _targets["veza"] = [Node1.Target, Node2.Target];
        _targets["postgres"] = [primary, standby];
        _targets["node"] = [.. hosts.Select(host => $"{host}:{nodePort}")];
        _targets["nginx"] = [$"{ProxyHost}:{nginxPort}"];
        _targets["alertmanager"] = [_alertmanagerAddress, _otherAlertmanagerAddress];
        _targets["probe"] = [$"https://{ProxyHost}:{httpsPort}/health/live"];
        await StartPrometheusAsync();
    }

    private async Task StartProxyAsync(int httpsPort, int statusPort)
    {
        var folder = Path.Combine(_root, "nginx");
        var nginx = await Shell.DebianFileAsync("nginx", "usr/sbin/nginx");
        await LoopbackSite.WriteAsync(folder, ProxyHost, httpsPort, statusPort);
        var command = $"{nginx} -p {folder} -c {folder}/nginx.conf -e {folder}/error.log";
        string[] weights = [.. new[] { Node1, Node2 }.Select(node => $"{node.Host}:{node.Port}=1")];
        (
            await Shell.RunAsync(
                "deploy/nginx/veza-weights",
                weights,
                new Dictionary<string, string>
                {
                    ["VEZA_NGINX"] = command,
                    ["VEZA_NGINX_PID"] = $"{folder}/pid",
                    ["VEZA_NGINX_UPSTREAM"] = $"{folder}/veza/upstream.conf",
                }
            )
        ).Succeeded();
        // One process: the workers of a master that is killed would serve on.
        Nginx = Own(new Daemon("nginx", _root, [.. command.Split(' '), "-g", "daemon off; master_process off;"]));
        await Nginx.StartAsync();
    }

    private async Task<(string Target, Daemon Exporter)> StartPostgresExporterAsync(string host, int port)
    {
        var target = $"{host}:{Loopback.FreePort()}";
        var queries = Path.Combine(Shell.Root, "deploy/monitoring/postgres-exporter/queries.yaml");
        var exporter = await DaemonAsync(
            "prometheus-postgres-exporter",
            host,
            $"--web.listen-address={target}",
            $"--extend.query-path={queries}"
        );
        exporter.Environment["DATA_SOURCE_NAME"] =
            $"postgresql://monitor:monitor@127.0.0.1:{port}/postgres?sslmode=disable";
        await exporter.StartAsync();
        return (target, exporter);
    }

    private async Task StartBlackboxAsync(string address)
    {
        var configuration = Path.Combine(Shell.Root, "deploy/monitoring/blackbox-exporter/blackbox.yml");
        var exporter = await DaemonAsync(
            "prometheus-blackbox-exporter",
            "",
            $"--config.file={configuration}",
            $"--web.listen-address={address}"
        );
        exporter.Environment["SSL_CERT_FILE"] = Path.Combine(_root, "nginx/veza/tls/fullchain.pem");
        await exporter.StartAsync();
    }

    private async Task StartAlertmanagersAsync()
    {
        var shipped = Path.Combine(Shell.Root, "deploy/monitoring/alertmanager/alertmanager.yml");
        var configuration = Path.Combine(_root, "alertmanager.yml");
        await File.WriteAllTextAsync(
            configuration,
            ShortTimes.Alertmanager(await File.ReadAllTextAsync(shipped), Receiver.Address)
        );
        var (peer, otherPeer) = ($"{Monitor}:{Loopback.FreePort()}", $"{Monitor}:{Loopback.FreePort()}");
        var first = await AlertmanagerAsync("1", _alertmanagerAddress, peer);
        await first.StartAsync();
        OtherAlertmanager = await AlertmanagerAsync("2", _otherAlertmanagerAddress, otherPeer, peer);
        await OtherAlertmanager.StartAsync();

        // Its templates are at a fixed path, where its package is not installed.
        async Task<Daemon> AlertmanagerAsync(string name, string address, string own, string? other = null)
        {
            const string WithTemplates = """mount --bind "$0" /usr/share; exec "$@" """;
            var share = await Shell.DebianFileAsync("prometheus-alertmanager", "usr/share");
            var program = await Shell.DebianFileAsync("prometheus-alertmanager", "usr/bin/prometheus-alertmanager");
            return Own(
                new Daemon(
                    "alertmanager-" + name,
                    _root,
                    [
                        .. new[] { "unshare", "--mount", "sh", "-ec", WithTemplates, share, program },
                        $"--config.file={configuration}",
                        $"--storage.path={_root}/alertmanager-{name}",
                        $"--web.listen-address={address}",
                        $"--cluster.listen-address={own}",
                        $"--cluster.advertise-address={own}",
                        .. other is null ? Array.Empty<string>() : [$"--cluster.peer={other}"],
                    ]
                )
            );
        }
    }

    private async Task StartPrometheusAsync()
    {
        Directory.CreateDirectory(Path.Combine(PrometheusFolder, "rules"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Shell.Root, "deploy/monitoring/prometheus/rules")))
            await File.WriteAllTextAsync(
                Path.Combine(PrometheusFolder, "rules", Path.GetFileName(file)),
                ShortTimes.Rules(await File.ReadAllTextAsync(file))
            );
        var configuration = await ConfigurePrometheusAsync();
        await StartAsync(
            "prometheus",
            $"--config.file={configuration}",
            $"--storage.tsdb.path={_root}/samples",
            $"--web.listen-address={_prometheusAddress}",
            "--web.enable-lifecycle",
            "--enable-feature=exemplar-storage"
        );
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                using var answer = await _http.GetAsync($"http://{_prometheusAddress}/-/ready");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    private async Task<Daemon> StartAsync(string package, params string[] arguments)
    {
        var daemon = await DaemonAsync(package, "", arguments);
        await daemon.StartAsync();
        return daemon;
    }

    private async Task<Daemon> DaemonAsync(string package, string name, params string[] arguments)
    {
        var program = await Shell.DebianFileAsync(package, $"usr/bin/{package}");
        return Own(new Daemon(package + name, _root, [program, .. arguments]));
    }
}
