using System.Globalization;
using System.Text.Json;
using Veza.Faults.Tests.Storage;

namespace Veza.Deploy.Tests.Monitoring.Watched;

[CollectionDefinition(Name)]
public sealed class WatchedCollection : ICollectionFixture<WatchedHosts>
{
    public const string Name = "watched hosts";
}

/// <summary>
/// Two nodes of Veza, two databases and a proxy, watched by Debian's Prometheus, Alertmanagers and exporters with the
/// configuration of deploy/monitoring. Hosts are addresses of loopback.
/// </summary>
public sealed partial class WatchedHosts : IAsyncLifetime
{
    private const string App1 = "127.0.1.1";
    private const string App2 = "127.0.1.2";
    private const string Single = "127.0.1.3";
    private const string Database1 = "127.0.2.1";
    private const string Database2 = "127.0.2.2";
    private const string ProxyHost = "127.0.3.1";
    private const string Monitor = "127.0.4.1";

    private const string AllRoles = "api,realtime,projections,reactors,media";

    /// <summary>Leaves the second node fewer than 1,300 places for connections.</summary>
    private const int FewFiles = 2000;

    /// <summary>What rules and dashboards use.</summary>
    private static readonly string[] Collectors = ["cpu", "filesystem", "meminfo", "textfile", "timex"];

    private const int MediaMegabytes = 256;
    private const int DiskMegabytes = 64;

    /// <summary>All but those below /tmp: other programs may fill the machine's own disks.</summary>
    private const string OtherDisks = "^/($|[^t]|t[^m])";

    /// <summary>Space for an empty server with its write-ahead log, and for what must stay free.</summary>
    private const int PrivateMegabytes = 384;

    /// <summary>The worst case, when an alert must hold for an hour, on a busy machine.</summary>
    private static readonly TimeSpan FireMax = TimeSpan.FromMinutes(3);

    private readonly HttpClient _http = new();
    private readonly Stack<IAsyncDisposable> _owned = new();
    private readonly string _prometheusAddress = $"{Monitor}:{Loopback.FreePort()}";
    private readonly string _alertmanagerAddress = $"{Monitor}:{Loopback.FreePort()}";
    private readonly string _otherAlertmanagerAddress = $"{Monitor}:{Loopback.FreePort()}";
    private readonly Dictionary<string, string[]> _targets = [];
    private string _root = "";
    private string _blackbox = "";

    public static bool IsWanted => Environment.GetEnvironmentVariable("VEZA_REHEARSE") == "1";

    public static string WhyNot =>
        Environment.IsPrivilegedProcess ? "./veza test --rehearse runs it: minutes" : "mounting disks needs root";

    internal Databases Databases { get; private set; } = null!;
    internal SmallDisk Media { get; private set; } = null!;

    /// <summary>Null when a loop device cannot be mounted here.</summary>
    internal Disk? Disk { get; private set; }

    internal MailServer Mail { get; private set; } = null!;
    internal AlertReceiver Receiver { get; private set; } = null!;
    internal VezaNode Node1 { get; private set; } = null!;
    internal VezaNode Node2 { get; private set; } = null!;
    internal Daemon NodeExporter { get; private set; } = null!;
    internal Daemon StandbyExporter { get; private set; } = null!;
    internal Daemon Nginx { get; private set; } = null!;
    internal Daemon OtherAlertmanager { get; private set; } = null!;

    /// <summary>Of logs.</summary>
    internal string Folder => _root;

    /// <summary>While it exists, ffmpeg makes no copy.</summary>
    internal string FfmpegFails => Path.Combine(_root, "ffmpeg-fails");

    private string Textfiles => Path.Combine(_root, "textfiles");

    internal string PrometheusFolder => Path.Combine(_root, "prometheus");

    public async ValueTask InitializeAsync()
    {
        if (!IsWanted || !Environment.IsPrivilegedProcess)
            return;
        _root = Directory.CreateTempSubdirectory("veza-watched-").FullName;
        File.SetUnixFileMode(_root, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(Textfiles);
        Mail = Own(new MailServer());
        Receiver = Own(new AlertReceiver());
        Databases = Own(await Databases.StartAsync(_root));
        Media = Own(SmallDisk.TryMake(MediaMegabytes) ?? throw new InvalidOperationException("mounting fails"));
        if (await Disk.TryMakeAsync(DiskMegabytes) is { } disk)
            Disk = Own(disk);
        await MakeFfmpegAsync();
        Node1 = Own(new VezaNode(App1, _root, HomeOf(App1), null, Settings(AllRoles)));
        Node2 = Own(
            new VezaNode(
                App2,
                _root,
                HomeOf(App2),
                FewFiles,
                Settings("api,realtime", ("RATE_LIMIT_PER_MINUTE", "1000"))
            )
        );
        // The first one makes the schema, and the operator's account.
        await Node1.StartAsync();
        await Task.WhenAll(Node2.StartAsync(), StartMonitoringAsync());
        await Eventually.TrueAsync(
            async () => await CountAsync("up == 0") == 0 && await CountAsync("up") >= 12,
            FireMax,
            $"all is scraped; {_root} has the logs"
        );
    }

    /// <summary>Writes what backup.sh writes when backups of these types end well.</summary>
    /// <returns>The file; without it there was none.</returns>
    internal async Task<string> BackedUpAsync(DateTimeOffset at, params string[] types)
    {
        var file = Path.Combine(Textfiles, "veza-backup.prom");
        var seconds = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        await File.WriteAllLinesAsync(
            file,
            types.Select(type =>
                $"veza_backup_last_success_timestamp_seconds{{repository=\"repo1\",type=\"{type}\"}} {seconds}"
            )
        );
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var one))
            await one.DisposeAsync();
        _http.Dispose();
        if (_root.Length == 0 || Environment.GetEnvironmentVariable("VEZA_REHEARSE_KEEP") == "1")
            return;
        foreach (var folder in Directory.GetDirectories(Path.GetTempPath(), Path.GetFileName(_root) + "*"))
            Directory.Delete(folder, recursive: true);
    }

    /// <returns>How many series an expression has now.</returns>
    internal async Task<int> CountAsync(string expression)
    {
        var answer = await GetAsync(
            $"http://{_prometheusAddress}/api/v1/query?query={Uri.EscapeDataString(expression)}"
        );
        return answer.GetProperty("data").GetProperty("result").GetArrayLength();
    }

    /// <summary>Waits until an alert's end is delivered, so that what is delivered next has a new cause.</summary>
    internal Task QuietAsync(string alert) =>
        Eventually.TrueAsync(
            async () => await CountAsync($"ALERTS{{alertname=\"{alert}\"}}") == 0 && !Receiver.IsFiring(alert),
            FireMax,
            $"{alert} ends"
        );

    /// <returns>How often Alertmanager has delivered an alert to the receiver of its severity.</returns>
    internal int Delivered(string alert, string severity) => Receiver.Count(ReceiverOf(alert, severity), alert);

    /// <summary>Waits until Alertmanager delivers an alert to the receiver of its severity.</summary>
    /// <param name="after">Earlier deliveries, which do not count.</param>
    internal Task FiresAsync(string alert, string severity, int after) =>
        Eventually.TrueAsync(
            () => Delivered(alert, severity) > after,
            FireMax,
            $"{alert} is delivered to {ReceiverOf(alert, severity)}"
        );

    /// <summary>Waits until an alert fires and Alertmanager holds it back, because another one explains it.</summary>
    internal Task IsHeldBackAsync(string alert) =>
        Eventually.TrueAsync(
            async () =>
            {
                var filter = Uri.EscapeDataString($"alertname=\"{alert}\"");
                var alerts = await GetAsync($"http://{_alertmanagerAddress}/api/v2/alerts?filter={filter}");
                return alerts
                    .EnumerateArray()
                    .Any(one => one.GetProperty("status").GetProperty("inhibitedBy").GetArrayLength() > 0);
            },
            FireMax,
            $"{alert} fires and is held back"
        );

    /// <summary>Makes Prometheus read its configuration again.</summary>
    internal async Task ReloadAsync()
    {
        using var _ = await _http.PostAsync($"http://{_prometheusAddress}/-/reload", null);
    }

    /// <summary>Starts another node with a private PostgreSQL on a small disk, and has it scraped.</summary>
    internal async Task<(VezaNode Node, SmallDisk Disk)> StartPrivateNodeAsync()
    {
        var disk = SmallDisk.TryMake(PrivateMegabytes) ?? throw new InvalidOperationException("mounting fails");
        var settings = Settings(AllRoles);
        settings.Remove("DATABASE_URL");
        var node = new VezaNode(Single, _root, disk.Folder, null, settings);
        await node.StartAsync();
        await ScrapeAsync(Node1, Node2, node);
        await Eventually.TrueAsync(
            async () => await CountAsync($"up{{host=\"{Single}\"}} == 1") > 0,
            what: "the other node is scraped"
        );
        return (node, disk);
    }

    internal async Task StopPrivateNodeAsync(VezaNode node, SmallDisk disk)
    {
        await ScrapeAsync(Node1, Node2);
        await node.DisposeAsync();
        await disk.DisposeAsync();
    }

    private string HomeOf(string host) => Directory.CreateDirectory(Path.Combine(_root, "home-" + host)).FullName;

    private async Task ScrapeAsync(params VezaNode[] nodes)
    {
        _targets["veza"] = [.. nodes.Select(node => node.Target)];
        await ConfigurePrometheusAsync();
        await ReloadAsync();
    }

    private async Task<string> ConfigurePrometheusAsync()
    {
        var shipped = Path.Combine(Shell.Root, "deploy/monitoring/prometheus/prometheus.yml");
        var configuration = Path.Combine(PrometheusFolder, "prometheus.yml");
        await File.WriteAllTextAsync(
            configuration,
            ShortTimes.Prometheus(await File.ReadAllTextAsync(shipped), _prometheusAddress, _blackbox, _targets)
        );
        return configuration;
    }

    private static string ReceiverOf(string alert, string severity) =>
        (alert, severity) switch
        {
            ("Watchdog", _) => "dead-man",
            (_, "critical") => "on-call",
            (_, "info") => "chat",
            _ => "team",
        };

    private async Task<JsonElement> GetAsync(string address)
    {
        using var answer = await _http.GetAsync(address);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private T Own<T>(T one)
        where T : IAsyncDisposable
    {
        _owned.Push(one);
        return one;
    }

    private Dictionary<string, string> Settings(string roles, params (string Name, string Value)[] others)
    {
        var settings = new Dictionary<string, string>
        {
            ["ROLES"] = roles,
            ["DATABASE_URL"] = Databases.Url,
            ["DATABASE_POOL_SIZE"] = "20",
            ["JWT_SECRET"] = "7f4a1c60b2d94e0fa83b5c6d7e8f9012a3b4c5d6e7f80911",
            ["ENCRYPTION_KEY"] = "19f0e8d7c6b5a4932817060f5e4d3c2b1a09f8e7d6c5b4a3",
            ["MEDIA_ROOT"] = Path.Combine(Media.Folder, "media"),
            ["SMTP_HOST"] = "127.0.0.1",
            ["SMTP_PORT"] = $"{Mail.Port}",
            ["SMTP_TLS"] = "off",
            ["MAIL_FROM"] = "veza@example.org",
            ["PUBLIC_URL"] = "http://localhost",
            ["TRUSTED_PROXIES"] = "127.0.0.0/8",
            ["RATE_LIMIT_PER_MINUTE"] = "10000000",
            ["LOG_FORMAT"] = "text",
            ["PATH"] = Path.Combine(_root, "bin") + ":" + Environment.GetEnvironmentVariable("PATH"),
        };
        foreach (var (name, value) in others)
            settings[name] = value;
        return settings;
    }

    /// <summary>An ffmpeg that makes no copies while <see cref="FfmpegFails"/> exists.</summary>
    private async Task MakeFfmpegAsync()
    {
        var program = Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "bin")).FullName, "ffmpeg");
        var real = (await Shell.RunAsync("sh", "-c", "command -v ffmpeg")).Succeeded().Trim();
        await File.WriteAllTextAsync(
            program,
            $"""
            #!/bin/sh
            [ -e {FfmpegFails} ] && case " $* " in *" -c:a "*) echo "no such encoder" >&2; exit 1 ;; esac
            exec {real} "$@"

            """
        );
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
    }
}
