using System.Text.Json.Nodes;

namespace Veza.Deploy.Tests.Kubernetes;

public sealed class PodRulesTests
{
    /// <summary>VezaHost.ShutdownTimeout, which no assembly of this project refers to.</summary>
    private const int ShutdownSeconds = 30;

    public static TheoryData<string> Environments => [.. Manifests.Environments];

    [Theory, MemberData(nameof(Environments))]
    public async Task Every_pod_satisfies_the_restricted_standard(string environment)
    {
        var manifests = await Manifests.OfAsync(environment);

        Assert.Equal(4, manifests.OfKind("Deployment").Count());
        Assert.Empty(manifests.OfKind("Deployment").SelectMany(d => Breaches(d.At("spec", "template", "spec")!)));
        var space = manifests.OfKind("Namespace").Single();
        Assert.Equal("restricted", space.Text("metadata", "labels", "pod-security.kubernetes.io/enforce"));
    }

    [Theory]
    [InlineData("runAsNonRoot: true", "runAsNonRoot: false")]
    [InlineData("runAsUser: 10001", "runAsUser: 0")]
    [InlineData("type: RuntimeDefault", "type: Unconfined")]
    [InlineData("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true")]
    [InlineData("- ALL", "- NET_RAW")]
    [InlineData("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")]
    [InlineData("automountServiceAccountToken: false", "hostNetwork: true")]
    [InlineData("- emptyDir:", "- hostPath:")]
    public async Task A_pod_that_takes_more_rights_is_found(string right, string wrong)
    {
        var text = (await Manifests.OfAsync("production"))
            .Text.Split("\n---\n")
            .First(one => one.Contains("kind: Deployment", StringComparison.Ordinal));
        var taken = text.Replace(right, wrong, StringComparison.Ordinal);
        Assert.NotEqual(text, taken);

        Assert.NotEmpty(Breaches(Manifests.Parse(taken)[0].At("spec", "template", "spec")!));
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task A_pod_has_time_to_hand_its_work_over(string environment)
    {
        foreach (var deployment in (await Manifests.OfAsync(environment)).OfKind("Deployment"))
        {
            var pod = deployment.At("spec", "template", "spec")!;
            var sleep = pod.Items("containers")
                .Single()
                .At("lifecycle", "preStop", "sleep", "seconds")!
                .GetValue<long>();
            Assert.True(pod["terminationGracePeriodSeconds"]!.GetValue<long>() > sleep + ShutdownSeconds);
        }
        var host = await File.ReadAllTextAsync(Path.Combine(Shell.Root, "src/Api/VezaHost.cs"));
        Assert.Contains($"ShutdownTimeout = TimeSpan.FromSeconds({ShutdownSeconds})", host);
    }

    [Theory, MemberData(nameof(Environments))]
    public async Task Probes_ask_the_port_that_clients_cannot_fill(string environment)
    {
        foreach (var deployment in (await Manifests.OfAsync(environment)).OfKind("Deployment"))
        {
            var container = deployment.Items("spec", "template", "spec", "containers").Single();
            Assert.Equal("/health/live", container.Text("startupProbe", "httpGet", "path"));
            Assert.Equal("/health/live", container.Text("livenessProbe", "httpGet", "path"));
            Assert.Equal("/health/ready", container.Text("readinessProbe", "httpGet", "path"));
            foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
                Assert.Equal("metrics", container.Text(probe, "httpGet", "port"));
        }
    }

    /// <summary>Kubernetes' Pod Security Standards, and a root file system that is read only.</summary>
    private static IEnumerable<string> Breaches(JsonNode pod)
    {
        string[] forbidden = ["hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"];
        foreach (var field in forbidden.Where(field => pod[field] is not null))
            yield return field;
        if (pod.Text("securityContext", "runAsNonRoot") != "true")
            yield return "runAsNonRoot";
        if (pod.Text("securityContext", "runAsUser") is null or "0")
            yield return "runAsUser";
        if (pod.Text("securityContext", "seccompProfile", "type") != "RuntimeDefault")
            yield return "seccompProfile";
        if (pod.Text("automountServiceAccountToken") != "false")
            yield return "a token";
        foreach (var container in pod.Items("containers"))
        {
            var context = container["securityContext"];
            if (context.Text("allowPrivilegeEscalation") != "false")
                yield return "allowPrivilegeEscalation";
            if (context.Text("readOnlyRootFilesystem") != "true")
                yield return "readOnlyRootFilesystem";
            if (context.Text("privileged") == "true" || context.At("capabilities", "add") is not null)
                yield return "privileges";
            if (context.At("capabilities", "drop")?.ToJsonString() != "[\"ALL\"]")
                yield return "capabilities";
            if (container.Items("ports").Any(port => port["hostPort"] is not null))
                yield return "hostPort";
        }
        string[] allowed = ["emptyDir", "secret", "configMap"];
        foreach (var volume in pod.Items("volumes").Where(volume => !allowed.Any(kind => volume[kind] is not null)))
            yield return $"volume {volume["name"]}";
    }
}
