using System.Globalization;

namespace Veza.Api.Connections;

/// <summary>How many files, sockets included, this process may have open at the same time.</summary>
internal static class OpenFiles
{
    private const string Row = "Max open files";

    /// <summary>
    /// The current RLIMIT_NOFILE. The runtime raises the soft limit to the hard one before our code runs, so this is
    /// the maximum for the process.
    /// </summary>
    public static int Max => Parse(File.ReadAllText("/proc/self/limits"));

    /// <summary>How many are open now.</summary>
    public static int Count => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();

    /// <param name="limits">The text of <c>/proc/self/limits</c>: name, soft limit, hard limit, unit.</param>
    /// <returns><see cref="int.MaxValue"/> when there is no limit.</returns>
    internal static int Parse(string limits)
    {
        var row = limits.Split('\n').First(line => line.StartsWith(Row, StringComparison.Ordinal));
        var soft = row[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var max) ? max : int.MaxValue;
    }
}
