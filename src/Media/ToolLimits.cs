using System.Globalization;

namespace Veza.Media;

/// <summary>The limits of one run of an external program. The kernel enforces all except <see cref="Wall"/>.</summary>
/// <param name="Wall">Wall-clock time, after which the program is killed.</param>
/// <param name="Cpu">Processor time, of all threads together.</param>
/// <param name="FileBytes">Size of any file it writes.</param>
internal sealed record ToolLimits(TimeSpan Wall, TimeSpan Cpu, long FileBytes)
{
    /// <summary>
    /// Address space. ffmpeg maps 300 MB before it reads a byte; the index of the longest file taken needs
    /// <see cref="ExternalTool.AllocationBytesMax"/> more, twice while it grows.
    /// </summary>
    public const long MemoryBytes = 1L << 30;

    /// <summary>Its own files, the input, the output and the pipes.</summary>
    public const int OpenFiles = 64;

    /// <summary>
    /// Longer than any run may take, and well within the range of a timer (49.7 days): a limit computed from a hostile
    /// duration is cut here instead of making the timer throw.
    /// </summary>
    public static readonly TimeSpan WallMax = TimeSpan.FromHours(24);

    /// <summary>Requests come first; on an idle machine this changes nothing.</summary>
    public const int Nice = 10;

    public TimeSpan Wall { get; } = Wall < WallMax ? Wall : WallMax;

    /// <remarks>
    /// A hard limit equal to the soft one kills immediately: ffmpeg would take the soft one's signal as a request to
    /// end well. The number of processes is not limited: the kernel counts all threads of the user, including this
    /// process's, and ignores the limit for root. A thread of ffmpeg costs address space, which is limited.
    /// </remarks>
    public IEnumerable<string> Command =>
        [
            "prlimit",
            Both("as", MemoryBytes),
            Both("cpu", Math.Max(1, (long)Math.Ceiling(Cpu.TotalSeconds))),
            Both("fsize", FileBytes),
            Both("nofile", OpenFiles),
            Both("core", 0),
            "--",
            "nice",
            "-n",
            $"{Nice}",
        ];

    private static string Both(string name, long value) =>
        string.Create(CultureInfo.InvariantCulture, $"--{name}={value}:{value}");
}
