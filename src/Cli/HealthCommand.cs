using System.CommandLine;
using System.Text.Json;

namespace Veza.Cli;

/// <summary>
/// `veza health`: asks a running node whether it is ready. An image's HEALTHCHECK and a host's scripts run it where
/// there is no curl.
/// </summary>
internal static class HealthCommand
{
    /// <summary>
    /// Longer than a node takes to ask its slowest check, and shorter than an orchestrator's patience.
    /// </summary>
    public static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var url = new Option<string>("--url")
        {
            Description = "The node's address for monitoring.",
            DefaultValueFactory = _ => DefaultUrl,
        };
        var live = new Option<bool>("--live")
        {
            Description = "Asks only whether the process works, not whether it should get requests.",
        };
        var health = new Command("health", "Asks a node whether it is ready; exits with 1 and the reason if not.")
        {
            url,
            live,
        };
        health.SetAction(
            async (arguments, ct) =>
            {
                var path = arguments.GetValue(live) ? "/health/live" : "/health/ready";
                var problem = await AskAsync(arguments.GetValue(url)!, path, AnswerMax, ct);
                if (problem is null)
                    return 0;
                Console.Error.WriteLine("veza: " + problem);
                return ExitCode.Failed;
            }
        );
        return health;
    }

    /// <returns>Why the node is not ready; null if it is.</returns>
    public static async Task<string?> AskAsync(string url, string path, TimeSpan answerMax, CancellationToken ct)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var node) || node.Scheme is not ("http" or "https"))
            return $"--url is '{url}'; it must be an address such as {DefaultUrl}";
        // A proxy of the environment is not for the node itself.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = answerMax };
        var address = new Uri(node, path);
        try
        {
            using var answer = await http.GetAsync(address, ct);
            return answer.IsSuccessStatusCode
                ? null
                : $"{address} answered {(int)answer.StatusCode}: {Failing(await answer.Content.ReadAsStringAsync(ct))}";
        }
        catch (HttpRequestException e)
        {
            return $"{address} does not answer: {e.Message}";
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"{address} did not answer within {answerMax.TotalSeconds} s";
        }
    }

    private static string DefaultUrl =>
        "http://127.0.0.1:"
        + (Environment.GetEnvironmentVariable("PROMETHEUS_PORT") is { Length: > 0 } port ? port : "9090");

    /// <summary>
    /// The checks that are not healthy, with their details; the text itself if it is no report of checks.
    /// </summary>
    private static string Failing(string text)
    {
        try
        {
            var checks = JsonDocument.Parse(text).RootElement.GetProperty("checks").EnumerateObject();
            return string.Join("; ", checks.Where(IsUnhealthy).Select(Describe));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Another program than Veza answered. Its text is shown as it is.
            return text.Length <= OtherTextMax ? text : text[..OtherTextMax];
        }
    }

    /// <summary>A page of another program may be long; its beginning says which one it is.</summary>
    private const int OtherTextMax = 200;

    private static bool IsUnhealthy(JsonProperty check) => check.Value.GetProperty("status").GetString() == "unhealthy";

    private static string Describe(JsonProperty check) =>
        $"{check.Name}: {check.Value.GetProperty("detail").GetString()}";
}
