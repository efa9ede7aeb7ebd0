using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Cli;

/// <summary><c>veza projections rebuild NAME</c>: builds a read model anew beside the one that serves, and follows the building.</summary>
internal static class RebuildCommand
{
    private const int ExitCodeFailed = 1;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public static Command Create(Option<string> url, Option<string?> token)
    {
        var name = new Argument<string>("name") { Description = "As `veza projections list` has it: chat.messages.v1." };
        var cancel = new Option<bool>("--cancel") { Description = "Ends the build; what serves goes on serving." };
        var detach = new Option<bool>("--detach") { Description = "Does not wait for the end; `veza projections status` shows how far it is." };
        var rebuild = new Command("rebuild", "Builds one anew from the log while the present rows serve, then swaps them. Ctrl-C ends the watching, not the building.") { name, cancel, detach, url, token };
        rebuild.SetAction(async (arguments, ct) =>
        {
            try
            {
                using var client = new OperatorClient(new(arguments.GetValue(url)!), arguments.GetValue(token));
                var path = $"/api/v1/projections/{Uri.EscapeDataString(arguments.GetValue(name)!)}/build";
                using (await client.SendAsync(arguments.GetValue(cancel) ? HttpMethod.Delete : HttpMethod.Put, path, ct)) { }
                return arguments.GetValue(cancel) || arguments.GetValue(detach) ? 0 : await FollowAsync(client, arguments.GetValue(name)!, ct);
            }
            catch (Exception refused) when (refused is OperatorClientException or HttpRequestException)
            {
                Console.Error.WriteLine("veza: " + refused.Message);
                return ExitCodeFailed;
            }
        });
        return rebuild;
    }

    /// <summary>What is being built, a line each.</summary>
    public static async Task ShowAsync(OperatorClient client, CancellationToken ct)
    {
        foreach (var build in await ListAsync(client, ct)) Console.WriteLine(Line(build));
    }

    private static async Task<int> FollowAsync(OperatorClient client, string name, CancellationToken ct)
    {
        while ((await ListAsync(client, ct)).FirstOrDefault(b => b.Name == name) is { } build)
        {
            Console.WriteLine(Line(build));
            if (build.Error is not null) return ExitCodeFailed;
            await Task.Delay(LookEvery, ct);
        }
        Console.WriteLine($"{name} is built");
        return 0;
    }

    private sealed record Build(string Name, long Position, long Head, long Events, double? PerSecond, double? SecondsLeft, string? Error);
    private sealed record Answer(IReadOnlyList<Build> Items);

    private static async Task<IReadOnlyList<Build>> ListAsync(OperatorClient client, CancellationToken ct)
    {
        using var answer = await client.GetAsync("/api/v1/projections/builds", ct);
        return (await answer.Content.ReadFromJsonAsync<Answer>(JsonSerializerOptions.Web, ct))!.Items;
    }

    private static string Line(Build build) => string.Create(CultureInfo.InvariantCulture,
        $"{build.Name,-36} building {build.Position,12} of {build.Head}, {build.Events} events, {build.PerSecond ?? 0:F0}/s, {(build.SecondsLeft is { } left ? $"{left:F0} s left" : "waiting")} {build.Error}").TrimEnd();
}
