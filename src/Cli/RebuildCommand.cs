using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;
using Spectre.Console;

namespace Veza.Cli;

/// <summary>
/// <c>veza projections rebuild NAME</c>: builds a read model anew beside the one that serves, and follows the building.
/// </summary>
internal static class RebuildCommand
{
    private const int ExitCodeFailed = 1;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public static Command Create(Option<string> url, Option<string?> token)
    {
        var name = new Argument<string>("name")
        {
            Description = "As `veza projections list` has it: chat.messages.v1.",
        };
        var cancel = new Option<bool>("--cancel") { Description = "Ends the build; what serves goes on serving." };
        var detach = new Option<bool>("--detach")
        {
            Description = "Does not wait for the end; `veza projections status` shows how far it is.",
        };
        var rebuild = new Command(
            "rebuild",
            "Builds one anew from the log while the present rows serve, then swaps them. Ctrl-C ends the watching, not the building."
        )
        {
            name,
            cancel,
            detach,
            url,
            token,
        };
        rebuild.SetAction(
            async (arguments, ct) =>
            {
                try
                {
                    using var client = new OperatorClient(new(arguments.GetValue(url)!), arguments.GetValue(token));
                    var path = $"/api/v1/projections/{Uri.EscapeDataString(arguments.GetValue(name)!)}/build";
                    using (
                        await client.SendAsync(
                            arguments.GetValue(cancel) ? HttpMethod.Delete : HttpMethod.Put,
                            path,
                            ct
                        )
                    ) { }
                    return arguments.GetValue(cancel) || arguments.GetValue(detach)
                        ? 0
                        : await FollowAsync(client, arguments.GetValue(name)!, ct);
                }
                catch (Exception refused) when (refused is OperatorClientException or HttpRequestException)
                {
                    Console.Error.WriteLine("veza: " + refused.Message);
                    return ExitCodeFailed;
                }
            }
        );
        return rebuild;
    }

    /// <summary>What is being built, a line each.</summary>
    public static async Task ShowAsync(OperatorClient client, CancellationToken ct)
    {
        if (await ListAsync(client, ct) is { Count: > 0 } builds)
            Terminal.Output.Write(TableOf(builds));
    }

    internal static Table TableOf(IEnumerable<Build> builds)
    {
        var table = Terminal.Table(
            ["building", "position", "head", "events", "a second", "s left", "error"],
            right: [1, 2, 3, 4, 5]
        );
        foreach (var build in builds)
        {
            table.AddRow(
                Terminal.Cell(build.Name),
                Terminal.Cell(build.Position),
                Terminal.Cell(build.Head),
                Terminal.Cell(build.Events),
                Terminal.Cell(Whole(build.PerSecond)),
                Terminal.Cell(Whole(build.SecondsLeft)),
                Terminal.Cell(build.Error)
            );
        }
        return table;
    }

    /// <summary>A bar at a terminal, a line now and then elsewhere.</summary>
    private static async Task<int> FollowAsync(OperatorClient client, string name, CancellationToken ct)
    {
        var failed = await Terminal
            .Output.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingTimeColumn()
            )
            .StartAsync(progress => WatchAsync(client, name, progress.AddTask(Markup.Escape(name)), ct));
        if (failed is { } error)
        {
            Console.Error.WriteLine($"veza: {name}: {error}");
            return ExitCodeFailed;
        }
        Console.WriteLine($"{name} is built");
        return 0;
    }

    /// <returns>Why the build does not go on; null once it is complete.</returns>
    private static async Task<string?> WatchAsync(
        OperatorClient client,
        string name,
        ProgressTask task,
        CancellationToken ct
    )
    {
        while ((await ListAsync(client, ct)).FirstOrDefault(b => b.Name == name) is { } build)
        {
            task.MaxValue(Math.Max(1, build.Head)).Value(build.Position);
            if (build.Error is { } error)
                return error;
            await Task.Delay(LookEvery, ct);
        }
        task.Value(task.MaxValue);
        return null;
    }

    internal sealed record Build(
        string Name,
        long Position,
        long Head,
        long Events,
        double? PerSecond,
        double? SecondsLeft,
        string? Error
    );

    private sealed record Answer(IReadOnlyList<Build> Items);

    private static async Task<IReadOnlyList<Build>> ListAsync(OperatorClient client, CancellationToken ct)
    {
        using var answer = await client.GetAsync("/api/v1/projections/builds", ct);
        return (await answer.Content.ReadFromJsonAsync<Answer>(JsonSerializerOptions.Web, ct))!.Items;
    }

    private static double? Whole(double? value) => value is { } number ? Math.Round(number) : null;
}
