using System.Text.Json.Nodes;

namespace Veza.Deploy.Tests.Kubernetes;

/// <summary>Runs deploy/kubernetes/apply with a kubectl that renders, and answers for a cluster.</summary>
public sealed class ApplyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("veza-apply").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task What_releases_changed_stays_as_it_is()
    {
        var applied = await ApplyAsync(
            """
            *deployment*-green*image*) echo ghcr.io/veza/veza-media:7.8.9 ;;
            *deployment*-green*replicas*) echo 5 ;;
            *deployment*-blue*replicas*) echo 0 ;;
            *service*veza-canary*) echo blue ;;
            *service*) echo green ;;
            *ingress*) echo 25 ;;
            """
        );

        var green = applied.Named("Deployment", "veza-api-green");
        Assert.Equal("5", green.Text("spec", "replicas"));
        Assert.Equal(
            "ghcr.io/veza/veza-media:7.8.9",
            green.Items("spec", "template", "spec", "containers").Single().Text("image")
        );
        Assert.Equal("0", applied.Named("Deployment", "veza-workers-blue").Text("spec", "replicas"));
        Assert.Equal("green", applied.Named("Service", "veza").Text("spec", "selector", "veza.example/slot"));
        Assert.Equal("blue", applied.Named("Service", "veza-canary").Text("spec", "selector", "veza.example/slot"));
        Assert.Contains("canary-weight: \"25\"", applied.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_cluster_gets_the_overlay_and_the_rules()
    {
        var rules = await PrometheusRulesTests.ObjectsAsync("veza-staging");
        var expected = (await Manifests.OfAsync("staging")).Objects.Concat(rules).ToList();

        var applied = (await ApplyAsync("")).Objects;

        // kustomize sorts the fields of what it reads.
        Assert.Equal(expected.Count, applied.Count);
        Assert.All(expected, one => Assert.Contains(applied, other => JsonNode.DeepEquals(one, other)));
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_is_not_changed()
    {
        var result = await RunAsync("*get*) echo no connection >&2; exit 1 ;;");

        Assert.NotEqual(0, result.Code);
        Assert.False(File.Exists(Path.Combine(folder, "applied")));
    }

    private async Task<Manifests> ApplyAsync(string answers)
    {
        (await RunAsync(answers)).Succeeded();
        return new(await File.ReadAllTextAsync(Path.Combine(folder, "applied")));
    }

    private async Task<ShellResult> RunAsync(string answers)
    {
        var program = Path.Combine(folder, "kubectl");
        await File.WriteAllTextAsync(
            program,
            $"""
            #!/bin/sh
            case "$*" in
            kustomize*) exec {await Kubectl.PathAsync()} "$@" ;;
            apply*) for file; do :; done; cp "$file" {folder}/applied ;;
            {answers}
            esac
            """
        );
        (await Shell.RunAsync("chmod", "+x", program)).Succeeded();
        return await Shell.RunAsync(
            "deploy/kubernetes/apply",
            ["staging"],
            new Dictionary<string, string> { ["KUBECTL"] = program }
        );
    }
}
