using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;
using Spectre.Console;

namespace Veza.Cli;

/// <summary>
/// <c>veza reactors status|retry|skip</c>: the progress of the reactors, and decisions about the events that they gave
/// up.
/// </summary>
internal static class ReactorsCommand
{
    private const string Path = "/api/v1/reactors";

    public static Command Create()
    {
        var url = OperatorCommand.Url();
        var token = OperatorCommand.Token();
        var name = new Argument<string>("name") { Description = "Of the reactor, as status shows it." };
        var status = new Command(
            "status",
            "Shows the state, position, events behind the log, waiting and given up, and the error of each, "
                + "on any node; exits with 1 when one is faulted or gave an event up."
        )
        {
            url,
            token,
        };
        status.SetAction((arguments, ct) => ShowAsync(arguments.GetValue(url)!, arguments.GetValue(token), ct));
        var retry = OperatorCommand.Decision(
            Path,
            "retry",
            "Lets a reactor try the events again that it gave up.",
            "to be tried again",
            name,
            url,
            token
        );
        var skip = OperatorCommand.Decision(
            Path,
            "skip",
            "Dismisses the events that a reactor gave up.",
            "skipped",
            name,
            url,
            token
        );
        return new("reactors", "The reactors of a running Veza.") { status, retry, skip };
    }

    internal sealed record ReactorView(
        string Name,
        string State,
        long Position,
        long Lag,
        long Waiting,
        long Dead,
        string? Error
    );

    private sealed record Listing(IReadOnlyList<ReactorView> Items);

    /// <summary>One row for each reactor.</summary>
    public static Table TableOf(IEnumerable<ReactorView> reactors)
    {
        var table = Terminal.Table(
            ["name", "state", "position", "behind", "waiting", "given up", "error"],
            right: [2, 3, 4, 5]
        );
        foreach (var reactor in reactors)
            table.AddRow(
                Terminal.Cell(reactor.Name),
                Terminal.Cell(reactor.State),
                Terminal.Cell(reactor.Position),
                Terminal.Cell(reactor.Lag),
                Terminal.Cell(reactor.Waiting),
                Terminal.Cell(reactor.Dead),
                Terminal.Cell(reactor.Error)
            );
        return table;
    }

    private static Task<int> ShowAsync(string url, string? token, CancellationToken ct) =>
        OperatorCommand.AskAsync(url, token, async client =>
        {
            using var answer = await client.GetAsync(Path, ct);
            var reactors = (await answer.Content.ReadFromJsonAsync<Listing>(JsonSerializerOptions.Web, ct))!.Items;
            Terminal.Output.Write(TableOf(reactors));
            return reactors.Any(r => r.State == "faulted" || r.Dead > 0) ? ExitCode.Failed : 0;
        });
}
