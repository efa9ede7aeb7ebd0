using System.Globalization;

namespace Veza.Bench.Live;

/// <summary>The resource usage of a process, from /proc.</summary>
internal static class Usage
{
    private const double TicksPerSecond = 100;

    /// <returns>Seconds of processor time in user and kernel mode.</returns>
    public static double CpuSeconds(int processId)
    {
        var fields = Fields(processId);
        return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
    }

    /// <summary>Of a process and its children: PostgreSQL has many processes.</summary>
    public static double CpuSecondsOfTree(int processId) =>
        CpuSeconds(processId)
        + Directory
            .EnumerateDirectories("/proc")
            .Where(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Sum(d =>
            {
                try
                {
                    var fields = Fields(int.Parse(Path.GetFileName(d), CultureInfo.InvariantCulture));
                    return Number(fields[1]) == processId
                        ? (Number(fields[11]) + Number(fields[12])) / TicksPerSecond
                        : 0;
                }
                catch (IOException)
                {
                    return 0;
                }
            });

    public static long ResidentBytes(int processId) =>
        Number(
            File.ReadLines($"/proc/{processId}/status")
                .First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]
        ) << 10;

    /// <summary>The fields after the name, which may hold any character: state, parent, ….</summary>
    private static string[] Fields(int processId)
    {
        var stat = File.ReadAllText($"/proc/{processId}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
