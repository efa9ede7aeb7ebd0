using System.Globalization;
using System.Runtime.InteropServices;

namespace Veza.Bench;

/// <summary>Prints a table of results and the machine they are from.</summary>
internal static class Report
{
    private const int NameWidth = 54;

    public static void Machine(string settings) =>
        Console.WriteLine(
            $"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, "
                + $".NET {Environment.Version}; {settings}"
        );

    public static void Head(params string[] columns) =>
        Console.WriteLine(new string(' ', NameWidth) + string.Concat(columns.Select(c => c.PadLeft(12))));

    public static void Row(string name, params double[] values) =>
        Console.WriteLine(
            name.PadRight(NameWidth)
                + string.Concat(
                    values.Select((v, i) => v.ToString(i == 0 ? "N0" : "N2", CultureInfo.InvariantCulture).PadLeft(12))
                )
        );
}

/// <summary>The options after the benchmark's name on the command line.</summary>
internal sealed class Options(string[] arguments)
{
    public int Number(string name, int otherwise) =>
        Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public int[] Numbers(string name, int[] otherwise) =>
        Text(name)?.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray() ?? otherwise;

    public bool Has(string name) => arguments.Contains(name);

    public string? Text(string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
