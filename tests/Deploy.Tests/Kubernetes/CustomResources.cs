using System.Text.Json.Nodes;

namespace Veza.Deploy.Tests.Kubernetes;

/// <summary>
/// Checks objects of kinds that are not Kubernetes' own. <c>Schemas/</c> has their published schemas without
/// descriptions, and without the inside of what no manifest here uses.
/// </summary>
internal static class CustomResources
{
    private static readonly Dictionary<(string, string), JsonNode> Schemas = Directory
        .EnumerateFiles(Path.Combine(Shell.Root, "tests/Deploy.Tests/Kubernetes/Schemas"), "*.json")
        .Select(path => JsonNode.Parse(File.ReadAllText(path))!)
        .ToDictionary(schema => (schema.Text("apiVersion")!, schema.Text("kind")!), schema => schema["schema"]!);

    public static bool Knows(JsonNode resource) => Schemas.ContainsKey(Key(resource));

    public static IReadOnlyList<string> Faults(JsonNode resource)
    {
        var faults = new List<string>();
        Check(resource, Schemas[Key(resource)], resource.Text("kind")!, faults);
        return faults;
    }

    private static (string, string) Key(JsonNode resource) => (resource.Text("apiVersion")!, resource.Text("kind")!);

    private static void Check(JsonNode? value, JsonNode schema, string path, List<string> faults)
    {
        CheckType(value, schema, path, faults);
        if (schema["enum"] is JsonArray allowed && !allowed.Any(one => JsonNode.DeepEquals(one, value)))
            faults.Add($"{path} is {value}, not one of {allowed.ToJsonString()}");
        if (value is JsonObject fields)
            CheckFields(fields, schema, path, faults);
        if (value is JsonArray items && schema["items"] is { } item)
        {
            foreach (var (index, each) in items.Index())
                Check(each, item, $"{path}[{index}]", faults);
        }
    }

    private static void CheckFields(JsonObject fields, JsonNode schema, string path, List<string> faults)
    {
        foreach (var missing in schema.Items("required").Where(name => !fields.ContainsKey(name.ToString())))
            faults.Add($"{path}.{missing} is missing");
        foreach (var (name, value) in fields)
        {
            if ((schema.At("properties", name) ?? schema["additionalProperties"]) is { } known)
                Check(value, known, $"{path}.{name}", faults);
            else if (schema["properties"] is not null)
                faults.Add($"{path}.{name} is unknown");
        }
    }

    private static void CheckType(JsonNode? value, JsonNode schema, string path, List<string> faults)
    {
        var right = schema.Text("type") switch
        {
            "object" => value is JsonObject,
            "array" => value is JsonArray,
            "string" => value is JsonValue text && text.TryGetValue<string>(out _),
            "boolean" => value is JsonValue flag && flag.TryGetValue<bool>(out _),
            "integer" or "number" => value is JsonValue number && number.TryGetValue<long>(out _),
            _ => true,
        };
        if (!right)
            faults.Add($"{path} is no {schema.Text("type")}: {value?.ToJsonString() ?? "null"}");
        if (value is not JsonValue given || !given.TryGetValue<long>(out var count))
            return;
        if (schema["minimum"] is { } least && count < (double)least)
            faults.Add($"{path} is {value}, less than {least}");
        if (schema["maximum"] is { } most && count > (double)most)
            faults.Add($"{path} is {value}, more than {most}");
    }
}
