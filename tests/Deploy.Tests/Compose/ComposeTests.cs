using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Veza.Deploy.Tests.Kubernetes;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Veza.Deploy.Tests.Compose;

public sealed partial class ComposeTests
{
    private static readonly JsonNode Services = Read("deploy/compose.yaml");
    private static readonly JsonNode Monitoring = Read("deploy/compose.monitoring.yaml");

    /// <summary>Debian's, with its interpreter.</summary>
    private static readonly string[] DockerCompose =
    [
        "docker-compose",
        "python3.11-minimal",
        "libpython3.11-minimal",
        "libpython3.11-stdlib",
        "libexpat1",
        "libyaml-0-2",
        "python3-attr",
        "python3-certifi",
        "python3-chardet",
        "python3-charset-normalizer",
        "python3-cffi-backend",
        "python3-distro",
        "python3-distutils",
        "python3-docker",
        "python3-dockerpty",
        "python3-docopt",
        "python3-dotenv",
        "python3-idna",
        "python3-importlib-metadata",
        "python3-jsonschema",
        "python3-pkg-resources",
        "python3-pyrsistent",
        "python3-requests",
        "python3-setuptools",
        "python3-six",
        "python3-texttable",
        "python3-urllib3",
        "python3-websocket",
        "python3-yaml",
    ];

    private static IEnumerable<(string Name, JsonNode Service)> All =>
        new[] { Services, Monitoring }.SelectMany(file =>
            file["services"]!.AsObject().Select(pair => (pair.Key, pair.Value!))
        );

    /// <summary>Services of compose.monitoring.yaml that only add to those of compose.yaml have no image.</summary>
    private static IEnumerable<(string Name, JsonNode Service)> Whole =>
        All.Where(one => one.Service["image"] is not null);

    [Fact]
    public void Every_image_has_a_version_and_every_service_a_bound_and_a_rule_for_restarts()
    {
        foreach (var (name, service) in Whole)
        {
            Assert.Matches(Pinned(), service.Text("image"));
            Assert.Contains(service.Text("restart"), new[] { "unless-stopped", "no" });
            if (service.Text("restart") == "no")
                continue;
            Assert.True(service.At("deploy", "resources", "limits", "memory") is not null, name);
            Assert.True(service.At("deploy", "resources", "limits", "cpus") is not null, name);
        }
    }

    [Fact]
    public void Services_refer_only_to_what_is_declared()
    {
        foreach (var (name, service) in All)
        {
            Assert.All(service.Items("secrets"), secret => Assert.True(Declared("secrets", secret.ToString()), name));
            Assert.All(service.Items("networks"), network =>
                Assert.True(Declared("networks", network.ToString()), name)
            );
            foreach (var source in service.Items("volumes").Select(volume => volume.ToString().Split(':')[0]))
                Assert.True(source[0] is '.' or '/' || Declared("volumes", source), $"{name}: {source}");
            foreach (var (needed, _) in service["depends_on"] as JsonObject ?? [])
                Assert.True(Declared("services", needed), $"{name}: {needed}");
            var files = (service["environment"] as JsonObject ?? []).Where(pair =>
                pair.Key.EndsWith("FILE", StringComparison.Ordinal)
            );
            Assert.All(files, pair =>
                Assert.Contains(
                    Path.GetFileName(pair.Value!.ToString()),
                    service.Items("secrets").Select(s => s.ToString())
                )
            );
        }
    }

    [Fact]
    public async Task Every_setting_of_Veza_exists()
    {
        var known = await File.ReadAllTextAsync(Path.Combine(Shell.Root, "docs/reference/configuration.md"));
        var given = All.Where(one => one.Name is "api" or "workers")
            .SelectMany(one => one.Service["environment"]!.AsObject())
            .Select(pair =>
                pair.Key.EndsWith("_FILE", StringComparison.Ordinal) ? pair.Key[..^"_FILE".Length] : pair.Key
            );

        Assert.All(given, name => Assert.Contains($"| `{name}` |", known));
    }

    [Fact]
    public void No_secret_is_written_into_a_file_or_a_variable()
    {
        foreach (var (name, service) in All)
        {
            var words = (service["environment"] as JsonObject ?? []).Select(pair => pair.Key);
            Assert.DoesNotContain(words, word =>
                SecretWord().IsMatch(word) && !word.EndsWith("FILE", StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void PostgreSQL_archives_what_it_writes_and_keeps_what_is_archived()
    {
        var command = Services.Items("services", "postgres", "command").Select(word => word.ToString()).ToList();

        Assert.Contains("archive_mode=on", command);
        var archive = Assert.Single(command, word => word.StartsWith("archive_command=", StringComparison.Ordinal));
        Assert.StartsWith("archive_command=test ! -f /archive/%f", archive);
        Assert.Contains(
            "archive:/archive",
            Services.Items("services", "postgres", "volumes").Select(v => v.ToString())
        );
    }

    [Fact]
    public void Every_file_of_this_checkout_that_is_mounted_exists_or_is_a_secret_that_the_script_makes()
    {
        foreach (var (name, service) in All)
        foreach (var source in service.Items("volumes").Select(volume => volume.ToString().Split(':')[0]))
            Assert.True(
                source[0] != '.'
                    || source.StartsWith("./compose/secrets.d/", StringComparison.Ordinal)
                    || Path.Exists(Path.Combine(Shell.Root, "deploy", source)),
                $"{name}: {source}"
            );
    }

    [Fact]
    public void Targets_collector_and_data_sources_name_services_that_are_declared()
    {
        var names = Directory
            .EnumerateFiles(Path.Combine(Shell.Root, "deploy/compose/targets"))
            .Append(Path.Combine(Shell.Root, "deploy/monitoring/otel-collector/config.yaml"))
            .Append(Path.Combine(Shell.Root, "deploy/compose.monitoring.yaml"))
            .SelectMany(file => Neighbour().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups["name"].Value)
            .Except(["0.0.0.0", "127.0.0.1"])
            .ToHashSet();

        Assert.Superset(new HashSet<string> { "api", "workers", "jaeger", "loki", "prometheus" }, names);
        Assert.All(names, name => Assert.True(Declared("services", name), name));
    }

    [Fact]
    public void Grafana_leads_from_a_bucket_to_its_trace_and_between_a_trace_and_its_log_lines()
    {
        var sources = Read("deploy/monitoring/grafana/provisioning/datasources/veza.yml")
            .Items("datasources")
            .ToDictionary(source => source!.Text("uid")!, source => source!);
        var grafana = Monitoring.At("services", "grafana", "environment")!.AsObject();

        Assert.All(sources.Values, source => Assert.True(grafana.ContainsKey(source.Text("url")!.TrimStart('$'))));
        var exemplars = sources["prometheus"].Items("jsonData", "exemplarTraceIdDestinations");
        Assert.Equal("jaeger", Assert.Single(exemplars)!.Text("datasourceUid"));
        Assert.Equal(
            "jaeger",
            Assert.Single(sources["loki"].Items("jsonData", "derivedFields"))!.Text("datasourceUid")
        );
        Assert.Equal("loki", sources["jaeger"].At("jsonData", "tracesToLogsV2")!.Text("datasourceUid"));
    }

    [Fact]
    public async Task Docker_compose_accepts_both_files_together()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("VEZA_REHEARSE") == "1",
            "./veza rehearse runs it: it fetches 40 packages"
        );
        var folder = Directory.CreateTempSubdirectory("veza-compose-").FullName;
        try
        {
            var unpacked = (await Shell.RunAsync("tests/tools", DockerCompose)).Succeeded();
            foreach (var package in unpacked.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                (await Shell.RunAsync("cp", "--recursive", "--symbolic-link", package + "/.", folder)).Succeeded();
            // 1.29, which Debian has, does not know the name of the project yet.
            var services = await File.ReadAllTextAsync(Path.Combine(Shell.Root, "deploy/compose.yaml"));
            var file = Path.Combine(folder, "compose.yaml");
            await File.WriteAllTextAsync(file, services.Replace("\nname: veza\n", "\n"));

            var checkedBoth = await Shell.RunAsync(
                Path.Combine(folder, "usr/bin/python3.11"),
                [
                    Path.Combine(folder, "usr/bin/docker-compose"),
                    $"--file={file}",
                    $"--file={Path.Combine(Shell.Root, "deploy/compose.monitoring.yaml")}",
                    "config",
                    "--services",
                ],
                new Dictionary<string, string>
                {
                    ["PYTHONHOME"] = Path.Combine(folder, "usr"),
                    ["PYTHONPATH"] = Path.Combine(folder, "usr/lib/python3/dist-packages"),
                    ["LD_LIBRARY_PATH"] = Path.Combine(folder, "usr/lib/x86_64-linux-gnu"),
                }
            );

            var all = Services["services"]!
                .AsObject()
                .Concat(Monitoring["services"]!.AsObject())
                .Select(pair => pair.Key);
            Assert.Equal(all.Distinct().Order(), checkedBoth.Succeeded().Split('\n')[..^1].Order());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool Declared(string kind, string name) =>
        new[] { Services, Monitoring }.Any(file => file[kind] is JsonObject declared && declared.ContainsKey(name));

    /// <summary>With merge keys resolved, as compose reads it.</summary>
    private static JsonNode Read(string path)
    {
        var parser = new MergingParser(new Parser(File.OpenText(Path.Combine(Shell.Root, path))));
        var value = new DeserializerBuilder().Build().Deserialize(parser)!;
        return JsonNode.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(value))!;
    }

    [GeneratedRegex(@"^[\w./-]+:(v?\d+\.\d+(\.\d+)?[\w.-]*|\$\{VEZA_VERSION:-\d+\.\d+\.\d+\})$")]
    private static partial Regex Pinned();

    [GeneratedRegex("""(?:http://|"|endpoint: )(?<name>[a-z][a-z-]+|\d+\.[\d.]+):\d+""")]
    private static partial Regex Neighbour();

    [GeneratedRegex("PASS|SECRET|TOKEN|ACCESS_KEY|ENCRYPTION|DATABASE_URL")]
    private static partial Regex SecretWord();
}
