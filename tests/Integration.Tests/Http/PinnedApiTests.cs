using System.Text.Encodings.Web;
using System.Text.Json;

namespace Veza.Integration.Tests.Http;

/// <summary>Pins the HTTP interface on which clients depend.</summary>
/// <remarks>
/// <c>PinnedApi.txt</c> is the OpenAPI document without its prose, one line for each value: paths, parameters,
/// statuses, names of schemas and their properties.
/// </remarks>
public sealed class PinnedApiTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private static readonly string[] Prose = ["info", "summary", "description", "example", "examples", "servers"];

    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public async Task The_described_interface_is_the_pinned_one_but_for_its_prose()
    {
        var document = await (await veza.Anonymous.GetAsync("/openapi/v1.json")).JsonAsync();
        PinnedLines.AssertSame("tests/Integration.Tests/Http/PinnedApi.txt", Lines("", document));
    }

    private static IEnumerable<string> Lines(string path, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            var kept = value.EnumerateObject().Where(p => IsNamedByType(path) || !Prose.Contains(p.Name)).ToList();
            return kept.Any(p => HoldsObjects(p.Value))
                ? kept.SelectMany(p => Lines($"{path} {p.Name}", p.Value))
                : [$"{path[1..]} {JsonSerializer.Serialize(kept.ToDictionary(p => p.Name, p => p.Value), Plain)}"];
        }
        return HoldsObjects(value)
            ? value.EnumerateArray().SelectMany(item => Lines($"{path} {Key(item)}", item))
            : [$"{path[1..]} {JsonSerializer.Serialize(value, Plain)}"];
    }

    private static bool HoldsObjects(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object
        || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().Any(HoldsObjects));

    /// <summary>Its children are names from a type, which may equal the names of prose.</summary>
    private static bool IsNamedByType(string path) =>
        path.EndsWith(" properties", StringComparison.Ordinal) || path.EndsWith(" schemas", StringComparison.Ordinal);

    /// <summary>The order of parameters has no meaning.</summary>
    private static string Key(JsonElement item) =>
        item.TryGetProperty("name", out var name) && item.TryGetProperty("in", out var place)
            ? $"{place.GetString()}:{name.GetString()}"
            : "[]";
}
