using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Veza.Deploy.Tests.Kubernetes;

/// <summary>The objects of an overlay, as kustomize renders them.</summary>
internal sealed class Manifests(string text)
{
    public static readonly string[] Environments = ["staging", "production"];

    private static readonly Dictionary<string, Lazy<Task<Manifests>>> Overlays = Environments.ToDictionary(
        environment => environment,
        environment => new Lazy<Task<Manifests>>(async () =>
            new(await Kubectl.KustomizeAsync($"deploy/kubernetes/overlays/{environment}"))
        )
    );

    public string Text { get; } = text;

    public IReadOnlyList<JsonNode> Objects { get; } = Parse(text);

    public static Task<Manifests> OfAsync(string environment) => Overlays[environment].Value;

    public IEnumerable<JsonNode> OfKind(string kind) => Objects.Where(o => o.Text("kind") == kind);

    public JsonNode Named(string kind, string name) => OfKind(kind).Single(o => o.Text("metadata", "name") == name);

    /// <summary>Settings of Veza that all its pods share.</summary>
    public IReadOnlyDictionary<string, string> Settings() =>
        OfKind("ConfigMap")
            .Single(o => o.Text("metadata", "name")!.StartsWith("veza-config", StringComparison.Ordinal))["data"]!
            .AsObject()
            .ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>());

    public static IReadOnlyList<JsonNode> Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => Node(document.RootNode)!)];
    }

    private static JsonNode? Node(YamlNode node) =>
        node switch
        {
            YamlMappingNode map => new JsonObject(
                map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Node(pair.Value)))
            ),
            YamlSequenceNode list => new JsonArray([.. list.Children.Select(Node)]),
            YamlScalarNode { Style: ScalarStyle.Plain, Value: var value } => Plain(value!),
            YamlScalarNode scalar => JsonValue.Create(scalar.Value),
            _ => throw new InvalidDataException($"unexpected {node.NodeType}"),
        };

    private static JsonNode? Plain(string value)
    {
        if (value is "" or "null" or "~")
            return null;
        if (value is "true" or "false")
            return JsonValue.Create(value == "true");
        return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number)
            : JsonValue.Create(value);
    }
}

internal static class JsonNodes
{
    /// <returns>Null where the path ends early.</returns>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
            node = (node as JsonObject)?[name];
        return node;
    }

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path)?.ToString();

    public static IEnumerable<JsonNode> Items(this JsonNode? node, params ReadOnlySpan<string> path) =>
        (node.At(path) as JsonArray)?.Select(item => item!) ?? [];

    public static IReadOnlyDictionary<string, string> Labels(this JsonNode? node) =>
        (node as JsonObject)?.ToDictionary(pair => pair.Key, pair => pair.Value!.ToString())
        ?? new Dictionary<string, string>();

    public static bool Matches(
        this IReadOnlyDictionary<string, string> selector,
        IReadOnlyDictionary<string, string> of
    ) => selector.All(pair => of.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
