using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Cli;

/// <summary><c>veza projections list|status|rebuild</c>: which read models there are, and how they are.</summary>
internal static class ProjectionsCommand
{
    private const int ExitCodeFailed = 1;

    public static Command Create()
    {
        var url = new Option<string>("--url") { Description = "The server.", DefaultValueFactory = _ => OperatorClient.DefaultUrl };
        var token = new Option<string?>("--token") { Description = "An operator's access token; otherwise the operator of .veza/operator.json signs in." };
        var list = new Command("list", "Names them.") { url, token };
        list.SetAction((arguments, ct) => ShowAsync(arguments.GetValue(url)!, arguments.GetValue(token), p => p.Name, failsWhenFaulted: false, ct));
        var status = new Command("status", "State, position, events behind the log, and the error of each, then what is being built; exits with 1 when one is faulted.") { url, token };
        status.SetAction((arguments, ct) => ShowAsync(arguments.GetValue(url)!, arguments.GetValue(token), p => string.Create(CultureInfo.InvariantCulture,
            $"{p.Name,-36} {p.State,-8} {p.Position,12} {p.Lag,8} {p.Error}").TrimEnd(), failsWhenFaulted: true, ct));
        return new("projections", "The read models of a running Veza.") { list, status, RebuildCommand.Create(url, token) };
    }

    private sealed record Projection(string Name, string State, long Position, long Lag, string? Error);
    private sealed record Answer(IReadOnlyList<Projection> Items);

    private static async Task<int> ShowAsync(string url, string? token, Func<Projection, string> line, bool failsWhenFaulted, CancellationToken ct)
    {
        try
        {
            using var client = new OperatorClient(new(url), token);
            using var answer = await client.GetAsync("/api/v1/projections", ct);
            var projections = (await answer.Content.ReadFromJsonAsync<Answer>(JsonSerializerOptions.Web, ct))!.Items;
            foreach (var projection in projections) Console.WriteLine(line(projection));
            if (failsWhenFaulted) await RebuildCommand.ShowAsync(client, ct);
            return failsWhenFaulted && projections.Any(p => p.State == "faulted") ? ExitCodeFailed : 0;
        }
        catch (Exception refused) when (refused is OperatorClientException or HttpRequestException)
        {
            Console.Error.WriteLine("veza: " + refused.Message);
            return ExitCodeFailed;
        }
    }
}
