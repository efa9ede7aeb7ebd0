using System.CommandLine;

namespace Veza.Cli;

/// <summary>What the subcommands share that ask a running Veza for something only operators may.</summary>
internal static class OperatorCommand
{
    public const int ExitCodeFailed = 1;

    public static Option<string> Url() =>
        new("--url") { Description = "The server.", DefaultValueFactory = _ => OperatorClient.DefaultUrl };

    public static Option<string?> Token() =>
        new("--token")
        {
            Description = "An operator's access token; otherwise the operator of .veza/operator.json signs in.",
        };

    /// <returns>The exit code; what was refused is said on the standard error.</returns>
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
            return ExitCodeFailed;
        }
    }
}
