using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;
using Spectre.Console;

namespace Veza.Cli;

/// <summary>
/// <c>veza projections list|status|retry|skip|rebuild</c>: the read models, their progress, and decisions about the
/// events that they could not apply.
/// </summary>
internal static class ProjectionsCommand
{
    private const string Path = "/api/v1/projections";

    public static Command Create()
    {
        var url = OperatorCommand.Url();
        var token = OperatorCommand.Token();
        var name = new Argument<string>("name") { Description = "Of the projection, as status shows it." };
        var list = new Command("list", "Lists their names.") { url, token };
        list.SetAction(
            (arguments, ct) => ShowAsync(arguments.GetValue(url)!, arguments.GetValue(token), details: false, ct)
        );
        var status = new Command(
            "status",
            "Shows the state, position, events behind the log, events skipped, and the error of each, on any node; "
                + "exits with 1 when one is faulted."
        )
        {
            url,
            token,
        };
        status.SetAction(
            (arguments, ct) => ShowAsync(arguments.GetValue(url)!, arguments.GetValue(token), details: true, ct)
        );
        var retry = OperatorCommand.Decision(
            Path,
            "retry",
            "Lets a projection try the event again at which it stopped.",
            "to be tried again",
            name,
            url,
            token
        );
        var skip = OperatorCommand.Decision(
            Path,
            "skip",
            "Lets a projection pass the event at which it stopped.",
            "skipped",
            name,
            url,
            token
        );
        return new("projections", "The read models of a running Veza.")
        {
            list,
            status,
            retry,
            skip,
            RebuildCommand.Create(url, token),
        };
    }

    internal sealed record ProjectionView(
        string Name,
        string State,
        long Position,
        long Lag,
        long Skipped,
        string? Error,
        IReadOnlyList<ProjectionView> Shards
    );

    private sealed record Listing(IReadOnlyList<ProjectionView> Items);

    /// <summary>One row for each projection, followed by one for each of its shards.</summary>
    public static Table TableOf(IEnumerable<ProjectionView> projections)
    {
        var table = Terminal.Table(["name", "state", "position", "behind", "skipped", "error"], right: [2, 3, 4]);
        foreach (var projection in projections)
        {
            Add(projection, "");
            foreach (var shard in projection.Shards)
                Add(shard, "  ");
        }
        return table;

        void Add(ProjectionView p, string indent) =>
            table.AddRow(
                Terminal.Cell(indent + p.Name),
                Terminal.Cell(p.State),
                Terminal.Cell(p.Position),
                Terminal.Cell(p.Lag),
                Terminal.Cell(p.Skipped),
                Terminal.Cell(p.Error)
            );
    }

    private static Task<int> ShowAsync(string url, string? token, bool details, CancellationToken ct) =>
        OperatorCommand.AskAsync(url, token, async client =>
        {
            using var answer = await client.GetAsync(Path, ct);
            var projections = (await answer.Content.ReadFromJsonAsync<Listing>(JsonSerializerOptions.Web, ct))!.Items;
            if (!details)
            {
                foreach (var projection in projections)
                    Console.WriteLine(projection.Name);
                return 0;
            }
            Terminal.Output.Write(TableOf(projections));
            await RebuildCommand.ShowAsync(client, ct);
            return projections.Any(p => p.State == "faulted") ? ExitCode.Failed : 0;
        });
}
