using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Cli;

/// <summary>What the subcommands for operators share: their options, their faults, and decisions by name.</summary>
internal static class OperatorCommand
{
    /// <summary>Other users of a host can read a command's arguments, but not its environment.</summary>
    private const string TokenVariable = "VEZA_TOKEN";

    public static Option<string> Url() =>
        new("--url") { Description = "The server.", DefaultValueFactory = _ => OperatorClient.DefaultUrl };

    public static Option<string?> Token() =>
        new("--token")
        {
            Description = "An operator's access token; otherwise VEZA_TOKEN, or the account of operator.json.",
            DefaultValueFactory = _ =>
                Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token ? token : null,
        };

    /// <returns>The exit code. A refusal is written to standard error.</returns>
    public static async Task<int> AskAsync(string url, string? token, Func<OperatorClient, Task<int>> ask)
    {
        try
        {
            using var client = new OperatorClient(new(url), token);
            return await ask(client);
        }
        catch (Exception refused) when (refused is OperatorClientException or HttpRequestException)
        {
            Console.Error.WriteLine("veza: " + refused.Message);
            return ExitCode.Failed;
        }
    }

    /// <summary>A subcommand by which an operator decides about the events that a processor gave up.</summary>
    /// <param name="path">Of the processors, such as <c>/api/v1/reactors</c>.</param>
    /// <param name="verb">The subcommand's name and the last part of the address.</param>
    /// <param name="done">What becomes of the events, such as "skipped".</param>
    /// <param name="name">Of the projection or the reactor.</param>
    public static Command Decision(
        string path,
        string verb,
        string description,
        string done,
        Argument<string> name,
        Option<string> url,
        Option<string?> token
    )
    {
        var decision = new Command(verb, description) { name, url, token };
        decision.SetAction(
            (arguments, ct) =>
            {
                var processor = arguments.GetValue(name)!;
                return AskAsync(arguments.GetValue(url)!, arguments.GetValue(token), client =>
                    DecideAsync(client, $"{path}/{Uri.EscapeDataString(processor)}/{verb}", processor, done, ct)
                );
            }
        );
        return decision;
    }

    private static async Task<int> DecideAsync(
        OperatorClient client,
        string path,
        string processor,
        string done,
        CancellationToken ct
    )
    {
        using var answer = await client.PostAsync(path, ct);
        var events = (await answer.Content.ReadFromJsonAsync<Decided>(JsonSerializerOptions.Web, ct))!.Events;
        var noun = events == 1 ? "event" : "events";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{processor}: {events} {noun} {done}"));
        return 0;
    }

    private sealed record Decided(int Events);
}
