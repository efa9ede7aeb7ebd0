using System.Globalization;
using Spectre.Console;

namespace Veza.Cli;

/// <summary>How tables and progress look: for people at a terminal, and plain where a program reads them.</summary>
internal static class Terminal
{
    /// <summary>A program reads each row as one line: grep finds a name and its error together.</summary>
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

    /// <param name="right">Which columns hold numbers.</param>
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

    /// <summary>Text as it is: neither Spectre's markup nor a terminal's commands in it have an effect.</summary>
    public static Text Cell(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return new(string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)));
    }
}
