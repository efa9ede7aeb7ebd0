using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Veza.Deploy.Tests.Kubernetes;

public sealed partial class ReferencesTests
{
    /// <summary>Secrets that operators of the cluster make from what is described here.</summary>
    private static readonly string[] MadeSecrets = ["veza-secrets", "veza-postgres-app"];

    /// <summary>Connections that PostgreSQL keeps for its administrator and its replication.</summary>
    private const int KeptConnections = 20;

    public static TheoryData<string> Environments => [.. Manifests.Environments];

    [Theory, MemberData(nameof(Environments))]
    public async Task Every_setting_is_one_of_Veza(string environment)
    {
        var manifests = await Manifests.OfAsync(environment);
        var known = SettingRow()
            .Matches(await File.ReadAllTextAsync(Path.Combine(Shell.Root, "docs/reference/configuration.md")))
            .Select(match => match.Groups[1].Value)
            .ToHashSet();
        var given = manifests
            .OfKind("Deployment")
            .SelectMany(d => d.Items("spec", "template", "spec", "containers"))
            .SelectMany(container => container.Items("env"))
            .Select(variable => variable.Text("name")!)
            .Concat(manifests.Settings().Keys);

        Assert.All(given, name => Assert.True(known.Contains(name) || known.Contains(WithoutFile(name)), name));
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task Pods_refer_to_what_exists(string environment)
    {
        var manifests = await Manifests.OfAsync(environment);
        var secrets = manifests.Named("ExternalSecret", "veza-secrets");
        Assert.Equal("veza-secrets", secrets.Text("spec", "target", "name"));
        var keys = secrets.Items("spec", "data").Select(entry => entry.Text("secretKey")!).ToHashSet();
        foreach (var deployment in manifests.OfKind("Deployment"))
        {
            var pod = deployment.At("spec", "template", "spec")!;
            var container = pod.Items("containers").Single();
            manifests.Named("ServiceAccount", pod.Text("serviceAccountName")!);
            manifests.Named("ConfigMap", container.Items("envFrom").Single().Text("configMapRef", "name")!);
            var volumes = pod.Items("volumes").Select(volume => volume.Text("name")).ToHashSet();
            Assert.All(container.Items("volumeMounts"), mount => Assert.Contains(mount.Text("name"), volumes));
            foreach (var volume in pod.Items("volumes").Where(volume => volume["secret"] is not null))
                Assert.Contains(volume.Text("secret", "secretName")!, MadeSecrets);
            var files = container.Items("env").Select(variable => variable.Text("value")!);
            foreach (var file in files.Where(file => file.StartsWith("/run/secrets/veza/", StringComparison.Ordinal)))
                Assert.Contains(Path.GetFileName(file), keys);
        }
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task Every_selector_finds_its_pods_and_every_route_its_port(string environment)
    {
        var manifests = await Manifests.OfAsync(environment);
        foreach (var budget in manifests.OfKind("PodDisruptionBudget").Concat(manifests.OfKind("Service")))
        {
            var labels = (budget.At("spec", "selector", "matchLabels") ?? budget.At("spec", "selector")).Labels();
            Assert.Single(manifests.OfKind("Deployment"), d => labels.Matches(PodLabels(d)));
        }
        foreach (var deployment in manifests.OfKind("Deployment"))
            Assert.True(deployment.At("spec", "selector", "matchLabels").Labels().Matches(PodLabels(deployment)));
        foreach (var scaler in manifests.OfKind("HorizontalPodAutoscaler"))
            manifests.Named("Deployment", scaler.Text("spec", "scaleTargetRef", "name")!);
        foreach (var path in manifests.OfKind("Ingress").SelectMany(Paths))
        {
            var service = manifests.Named("Service", path.Text("backend", "service", "name")!);
            var port = path.Text("backend", "service", "port", "name");
            var target = service.Items("spec", "ports").Single(one => one.Text("name") == port).Text("targetPort");
            var pods = manifests
                .OfKind("Deployment")
                .Where(d => service.At("spec", "selector").Labels().Matches(PodLabels(d)));
            Assert.All(pods, d => Assert.Contains(target, Ports(d)));
        }
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task A_drain_may_always_move_a_pod(string environment)
    {
        foreach (var budget in (await Manifests.OfAsync(environment)).OfKind("PodDisruptionBudget"))
        {
            Assert.Equal("1", budget.Text("spec", "maxUnavailable"));
            Assert.Null(budget.At("spec", "minAvailable"));
            Assert.Equal("AlwaysAllow", budget.Text("spec", "unhealthyPodEvictionPolicy"));
        }
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task All_pods_of_both_slots_fit_into_the_databases_connections(string environment)
    {
        var manifests = await Manifests.OfAsync(environment);
        var pods = manifests
            .OfKind("HorizontalPodAutoscaler")
            .Sum(one => one.At("spec", "maxReplicas")!.GetValue<long>());
        var allowed = long.Parse(
            manifests.Named("Cluster", "veza-postgres").Text("spec", "postgresql", "parameters", "max_connections")!,
            CultureInfo.InvariantCulture
        );
        var pool = long.Parse(manifests.Settings()["DATABASE_POOL_SIZE"], CultureInfo.InvariantCulture);

        Assert.True(pods * pool <= allowed - KeptConnections, $"{pods} pods of {pool} connections, of {allowed}");
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task The_names_that_releases_use_exist_and_the_idle_slot_has_no_pods(string environment)
    {
        var manifests = await Manifests.OfAsync(environment);
        Assert.Equal("blue", manifests.Named("Service", "veza").Text("spec", "selector", "veza.example/slot"));
        Assert.Equal("green", manifests.Named("Service", "veza-canary").Text("spec", "selector", "veza.example/slot"));
        Assert.Equal("0", manifests.Named("Ingress", "veza-canary").Text("metadata", "annotations", CanaryWeight));
        foreach (var part in new[] { "api", "workers" })
        {
            Assert.Equal("0", manifests.Named("Deployment", $"veza-{part}-green").Text("spec", "replicas"));
            var blue = manifests.Named("Deployment", $"veza-{part}-blue");
            Assert.NotEqual("0", blue.Text("spec", "replicas"));
            Assert.Equal("veza", blue.Items("spec", "template", "spec", "containers").Single().Text("name"));
        }
    }

    private const string CanaryWeight = "nginx.ingress.kubernetes.io/canary-weight";

    [Theory, MemberData(nameof(Environments))]
    public async Task Canaries_take_every_path_but_that_of_broadcasts(string environment)
    {
        var manifests = await Manifests.OfAsync(environment);
        string[] Of(string ingress) =>
            [.. Paths(manifests.Named("Ingress", ingress)).Select(path => path.Text("path")!)];

        var stable = new[] { "veza", "veza-live", "veza-tracks" }.SelectMany(Of).Order();
        Assert.Equal(stable, Of("veza-canary").Order());
        Assert.Equal(["/live"], Of("veza-broadcasts"));
        Assert.Equal(
            "$veza_mount",
            manifests
                .Named("Ingress", "veza-broadcasts")
                .Text("metadata", "annotations", "nginx.ingress.kubernetes.io/upstream-hash-by")
        );
    }

    private static string WithoutFile(string name) =>
        name.EndsWith("_FILE", StringComparison.Ordinal) ? name[..^"_FILE".Length] : name;

    private static IEnumerable<JsonNode> Paths(JsonNode ingress) =>
        ingress.Items("spec", "rules").SelectMany(rule => rule.Items("http", "paths"));

    private static IReadOnlyDictionary<string, string> PodLabels(JsonNode deployment) =>
        deployment.At("spec", "template", "metadata", "labels").Labels();

    private static IEnumerable<string?> Ports(JsonNode deployment) =>
        deployment
            .Items("spec", "template", "spec", "containers")
            .SelectMany(container => container.Items("ports"))
            .Select(port => port.Text("name"));

    [GeneratedRegex(@"^\| `([A-Z0-9_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex SettingRow();
}
