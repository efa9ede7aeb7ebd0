using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Veza.Cli;

/// <summary>
/// <c>veza diff</c>: queries the same resource as of two positions or times, and prints the changes in between.
/// </summary>
internal static class DiffCommand
{
    private const int ExitCodeSame = 0;
    private const int ExitCodeDifferent = 1;
    private const int ExitCodeFailed = 2;

    /// <summary>Of a list longer than this, only the beginning is compared.</summary>
    private const int ItemsMax = 10_000;

    public static Command Create()
    {
        var url = new Option<string>("--url")
        {
            Description = "The server.",
            DefaultValueFactory = _ => OperatorClient.DefaultUrl,
        };
        var token = new Option<string?>("--token")
        {
            Description = "An access token; otherwise the operator of .veza/operator.json signs in.",
        };
        var from = new Option<string>("--from")
        {
            Description = "A position, or a time such as 2026-01-31T12:00:00Z.",
            Required = true,
        };
        var to = new Option<string>("--to") { Description = "A later one.", Required = true };
        var path = new Argument<string>("path")
        {
            Description =
                "The resource, such as tracks/{id}, accounts/{id}/followers, channels/{id}/messages "
                + "or charts/top?span=day.",
        };
        var diff = new Command(
            "diff",
            "Compares a resource as of two positions or times; exits with 0 when it is the same, "
                + "with 1 when it differs, and with 2 when it cannot be compared."
        )
        {
            url,
            token,
            from,
            to,
            path,
        };
        diff.SetAction(
            async (arguments, ct) =>
            {
                try
                {
                    using var client = new OperatorClient(new(arguments.GetValue(url)!), arguments.GetValue(token));
                    return await RunAsync(
                        client,
                        arguments.GetValue(path)!,
                        arguments.GetValue(from)!,
                        arguments.GetValue(to)!,
                        Console.Out,
                        ct
                    );
                }
                catch (Exception refused) when (refused is OperatorClientException or HttpRequestException)
                {
                    Console.Error.WriteLine("veza: " + refused.Message);
                    return ExitCodeFailed;
                }
            }
        );
        return diff;
    }

    /// <returns>The exit code.</returns>
    /// <exception cref="OperatorClientException">The server refused.</exception>
    public static async Task<int> RunAsync(
        OperatorClient client,
        string path,
        string from,
        string to,
        TextWriter output,
        CancellationToken ct
    )
    {
        var was = await AskAsync(client, path, from, ct);
        var now = await AskAsync(client, path, to, ct);
        var changes = JsonChanges.Between(was, now).ToList();
        foreach (var change in changes)
            await output.WriteLineAsync(change);
        return changes.Count == 0 ? ExitCodeSame : ExitCodeDifferent;
    }

    /// <summary>Gets a resource. It joins the pages of a list.</summary>
    private static async Task<JsonElement> AskAsync(
        OperatorClient client,
        string path,
        string asOf,
        CancellationToken ct
    )
    {
        path = path.StartsWith('/') ? path : "/api/v1/" + path;
        var first = await GetAsync(
            client,
            $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}asOf={Uri.EscapeDataString(asOf)}",
            ct
        );
        if (first["items"] is not JsonArray items)
            return first.Deserialize<JsonElement>();
        for (var next = (string?)first["next"]; next is not null && items.Count < ItemsMax; )
        {
            var page = await GetAsync(client, next, ct);
            foreach (var item in page["items"]!.AsArray())
                items.Add(item?.DeepClone());
            next = (string?)page["next"];
        }
        return items.Deserialize<JsonElement>();
    }

    private static async Task<JsonObject> GetAsync(OperatorClient client, string path, CancellationToken ct)
    {
        using var answer = await client.GetAsync(path, ct);
        return (
            await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync(ct), cancellationToken: ct)
        )!.AsObject();
    }
}
