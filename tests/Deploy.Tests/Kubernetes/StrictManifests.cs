using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using YamlDotNet.Core;

namespace Veza.Deploy.Tests.Kubernetes;

/// <summary>
/// Refuses what Kubernetes would refuse, or would silently leave out: unknown fields and wrong types.
/// </summary>
internal static class StrictManifests
{
    private static readonly Dictionary<string, Type> Kinds = new[]
    {
        typeof(V1Namespace),
        typeof(V1ServiceAccount),
        typeof(V1Role),
        typeof(V1RoleBinding),
        typeof(V1ConfigMap),
        typeof(V1Service),
        typeof(V1Deployment),
        typeof(V1PodDisruptionBudget),
        typeof(V2HorizontalPodAutoscaler),
        typeof(V1NetworkPolicy),
        typeof(V1Ingress),
    }.ToDictionary(type =>
    {
        var kind = (KubernetesEntityAttribute)
            type.GetCustomAttributes(typeof(KubernetesEntityAttribute), false).Single();
        return string.IsNullOrEmpty(kind.Group)
            ? $"{kind.ApiVersion}/{kind.Kind}"
            : $"{kind.Group}/{kind.ApiVersion}/{kind.Kind}";
    });

    public static IReadOnlyList<string> Faults(string yaml) =>
        [.. yaml.Split("\n---\n").SelectMany(document => Faults(document, Manifests.Parse(document)[0]))];

    private static IReadOnlyList<string> Faults(string document, JsonNode resource)
    {
        var kind = $"{resource.Text("apiVersion")}/{resource.Text("kind")}";
        if (CustomResources.Knows(resource))
            return CustomResources.Faults(resource);
        if (!Kinds.TryGetValue(kind, out var type))
            return [$"{kind} is of no kind that is checked"];
        try
        {
            _ = KubernetesYaml.LoadAllFromString(
                document,
                new Dictionary<string, Type> { [Key(resource)] = type },
                true
            );
            return [];
        }
        catch (YamlException e)
        {
            return [$"{kind} {resource.Text("metadata", "name")}: {(e.InnerException ?? e).Message}"];
        }
    }

    private static string Key(JsonNode resource) => $"{resource.Text("apiVersion")}/{resource.Text("kind")}";
}
