using System.Globalization;
using Spectre.Console;

namespace Veza.Cli;

/// <summary>Tables and progress: formatted for people in a terminal, and plain for programs.</summary>
internal static class Terminal
{
    /// <summary>Wide enough that each row is one line for programs, so that grep finds a name with its error.</summary>
    private const int PipeColumns = 1_000;

    public static IAnsiConsole Output => On(Console.Out, Console.IsOutputRedirected);

    public static IAnsiConsole On(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
                ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
                Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
                Out = new AnsiConsoleOutput(writer),
            }
        );
        if (redirected)
            console.Profile.Width = PipeColumns;
        return console;
    }

    /// <param name="right">The indexes of right-aligned columns, which hold numbers.</param>
    public static Table Table(string[] columns, params int[] right)
    {
        var table = new Table().Border(TableBorder.None);
        for (var i = 0; i < columns.Length; i++)
        {
            var column = new TableColumn(new Text(columns[i])).NoWrap();
            table.AddColumn(right.Contains(i) ? column.RightAligned() : column);
        }
        return table;
    }

    /// <summary>
    /// A cell of plain text: Spectre's markup and a terminal's control characters in it have no effect.
    /// </summary>
    public static Text Cell(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return new(string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)));
    }
}
