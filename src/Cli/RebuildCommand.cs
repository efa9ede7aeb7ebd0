using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;
using Spectre.Console;

namespace Veza.Cli;

/// <summary>
/// <c>veza projections rebuild NAME</c>: rebuilds a read model beside the serving one, and shows the progress.
/// </summary>
internal static class RebuildCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public static Command Create(Option<string> url, Option<string?> token)
    {
        var name = new Argument<string>("name")
        {
            Description = "As `veza projections list` shows it, such as chat.messages.v1.",
        };
        var cancel = new Option<bool>("--cancel") { Description = "Ends the build. The present rows go on serving." };
        var detach = new Option<bool>("--detach")
        {
            Description = "Does not wait for the end. `veza projections status` shows the progress.",
        };
        var rebuild = new Command(
            "rebuild",
            "Rebuilds a read model from the log while the present rows serve, then swaps them. "
                + "Ctrl-C ends this command and not the build."
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
                    return ExitCode.Failed;
                }
            }
        );
        return rebuild;
    }

    /// <summary>Shows the builds in progress, one row each.</summary>
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

    /// <summary>Shows a progress bar in a terminal, and a line now and then elsewhere.</summary>
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
            return ExitCode.Failed;
        }
        Console.WriteLine($"{name} is built");
        return 0;
    }

    /// <returns>The build's error; null once it is complete.</returns>
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
