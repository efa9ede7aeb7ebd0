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

    [GeneratedRegex("PASS|SECRET|TOKEN|ACCESS_KEY|ENCRYPTION|DATABASE_URL")]
    private static partial Regex SecretWord();
}
