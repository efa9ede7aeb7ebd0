using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Veza.Integration.Tests.Http;

/// <summary>
/// Keeps the OpenAPI document from which <c>clients/typescript</c> generates its types equal to the served one.
/// </summary>
public sealed class ClientsDocumentTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const string Document = "clients/typescript/openapi.json";

    private static readonly JsonSerializerOptions Pretty = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
        WriteIndented = true,
    };

    [Fact]
    public async Task The_typescript_client_is_generated_from_the_served_document()
    {
        var text = await (await veza.Anonymous.GetAsync("/openapi/v1.json")).Content.ReadAsStringAsync(
            TestContext.Current.CancellationToken
        );
        PinnedLines.AssertSameText(Document, Stable(JsonNode.Parse(text)!.AsObject()));
    }

    /// <summary>Without the server's address, and in an order that does not depend on that of the endpoints.</summary>
    private static string Stable(JsonObject document)
    {
        document.Remove("servers");
        Sort(document["paths"]!.AsObject());
        Sort(document["components"]!["schemas"]!.AsObject());
        return document.ToJsonString(Pretty) + "\n";
    }

    private static void Sort(JsonObject names)
    {
        var sorted = names.OrderBy(name => name.Key, StringComparer.Ordinal).ToList();
        names.Clear();
        foreach (var (name, value) in sorted)
            names.Add(name, value);
    }
}
