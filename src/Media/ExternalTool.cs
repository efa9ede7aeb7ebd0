using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Veza.Media;

/// <summary>
/// Runs external programs, as the only class of this project. Every run is bounded in time, memory, processor time,
/// file size and output, and the kernel ends it first when memory runs out. Its whole process tree dies with the call,
/// and with this process however that ends. A death by a limit is a result, <see cref="ToolEnd.OverLimit"/>, and never
/// an exception. Safe from any thread.
/// </summary>
internal static class ExternalTool
{
    /// <summary>
    /// Characters of standard output kept. A probe writes a few kilobytes; only tags abused as storage produce more.
    /// </summary>
    public const int OutputCharsMax = 1024 * 1024;

    /// <summary>
    /// Characters of standard error kept. A broken file can make ffmpeg report an error for every packet.
    /// </summary>
    public const int ErrorCharsMax = 16 * 1024;

    /// <summary>
    /// ffmpeg's own bound on one block of memory. An index entry takes 24 bytes, and 12 hours of AAC have 2 million.
    /// </summary>
    public const int AllocationBytesMax = 128 << 20;

    /// <summary>The sound, a cover picture, chapters and a few more; each has its own tables.</summary>
    public const int StreamsMax = 32;

    private const int LineCharsMax = 4096;

    /// <summary>A pipe of Linux holds as many.</summary>
    private const int BlockBytes = 64 * 1024;

    /// <summary>The exit code of a shell, prlimit and nice when there is no such program.</summary>
    private const int NotFound = 127;

    /// <summary>A shell adds the number of the signal that ended a program to this.</summary>
    private const int Signalled = 128;
    private const int Aborted = 6,
        Killed = 9,
        Faulted = 11,
        FileTooLarge = 25;

    /// <summary>
    /// Runs the tool beside a watcher that reads a pipe, which this process holds open. When the pipe breaks, even by
    /// kill -9, the watcher kills the tool. (Linux's own death signal is bound to the thread that started the child,
    /// and threads of a pool come and go.) Files it creates are closed to others, and it is first in line for the
    /// kernel's OOM killer.
    /// </summary>
    internal const string Watched = """
        exec 3<&0
        umask 027
        echo 1000 2>/dev/null >/proc/self/oom_score_adj
        "$0" "$@" </dev/null 3<&- &
        tool=$!
        { read -r _ <&3; kill -9 $tool; } >/dev/null 2>&1 &
        watcher=$!
        wait $tool
        status=$?
        kill $watcher 2>/dev/null
        exit $status
        """;

    /// <summary>The options of ffmpeg and ffprobe before every input.</summary>
    /// <remarks>
    /// Without the list of formats, a playlist with a sound file's name makes ffmpeg open other files and addresses.
    /// </remarks>
    public static IEnumerable<string> InputBounds { get; } =
    [
        "-v",
        "error",
        "-max_alloc",
        $"{AllocationBytesMax}",
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        AudioProbe.Formats,
        "-max_streams",
        $"{StreamsMax}",
    ];

    /// <param name="onLine">Called with each line of standard output, which is then not kept.</param>
    /// <exception cref="OperationCanceledException">
    /// The caller cancelled; the process is dead when this is thrown.
    /// </exception>
    public static Task<ToolRun> RunAsync(
        string program,
        IEnumerable<string> arguments,
        ToolLimits limits,
        TimeProvider time,
        Action<string>? onLine,
        CancellationToken cancellation
    ) =>
        RunAsync(
            program,
            arguments,
            limits,
            time,
            process =>
                onLine is null
                    ? ReadAsync(process.StandardOutput, OutputCharsMax, () => Kill(process))
                    : ReadLinesAsync(process.StandardOutput, onLine),
            cancellation
        );

    /// <summary>Runs a program whose standard output is bytes, which are not kept.</summary>
    /// <param name="onBytes">
    /// Called with the output in order: full blocks of <see cref="BlockBytes"/>, then the rest. It must not throw.
    /// </param>
    /// <exception cref="OperationCanceledException">
    /// The caller cancelled; the process is dead when this is thrown.
    /// </exception>
    public static Task<ToolRun> RunForBytesAsync(
        string program,
        IEnumerable<string> arguments,
        ToolLimits limits,
        TimeProvider time,
        Action<ReadOnlySpan<byte>> onBytes,
        CancellationToken cancellation
    ) =>
        RunAsync(
            program,
            arguments,
            limits,
            time,
            process => ReadBlocksAsync(process.StandardOutput.BaseStream, onBytes),
            cancellation
        );

    private static async Task<ToolRun> RunAsync(
        string program,
        IEnumerable<string> arguments,
        ToolLimits limits,
        TimeProvider time,
        Func<Process, Task<(string Text, bool Overflowed)>> read,
        CancellationToken cancellation
    )
    {
        cancellation.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource(limits.Wall, time);
        using var process = Start([.. limits.Command, program, .. arguments]);
        var started = Stopwatch.GetTimestamp();
        var tool = new KeyValuePair<string, object?>("program", program);
        var ended = "cancelled";
        MediaMetrics.ToolsRunning.Add(1, tool);

        // Killing closes the pipes, so the reads below always end and need no separate token.
        await using var onLimit = limit.Token.Register(() => Kill(process));
        await using var onCancel = cancellation.Register(() => Kill(process));
        try
        {
            var errors = ReadAsync(process.StandardError, ErrorCharsMax);
            var output = read(process);
            await Task.WhenAll(errors, output);
            await process.WaitForExitAsync(CancellationToken.None);
            cancellation.ThrowIfCancellationRequested();
            if (process.ExitCode == NotFound)
                throw new InvalidOperationException(
                    $"'{program}' cannot be started; "
                        + "ffmpeg, ffprobe, prlimit and nice must be installed and on the PATH"
                );

            var (text, overflowed) = await output;
            var run = new ToolRun(ToolEnd.Exited, process.ExitCode, text, (await errors).Text);
            if (limit.IsCancellationRequested)
                run = run with { End = ToolEnd.TimedOut };
            else if (overflowed)
                run = run with { End = ToolEnd.TooMuchOutput };
            else if (LimitHit(run, limits) is { } hit)
                run = run with { End = ToolEnd.OverLimit, Limit = hit };
            ended = EventNameOf(run.End);
            return run;
        }
        finally
        {
            Kill(process);
            MediaMetrics.ToolsRunning.Add(-1, tool);
            MediaMetrics.ToolSeconds.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, tool, new("end", ended));
        }
    }

    /// <summary>A path as ffmpeg takes it: never mistaken for an option or for another protocol.</summary>
    public static string FileUrl(string path) => "file:" + Path.GetFullPath(path);

    /// <returns>The limit that ended the run; null when none did.</returns>
    private static string? LimitHit(ToolRun run, ToolLimits limits)
    {
        var memory = string.Create(CultureInfo.InvariantCulture, $"memory, {ToolLimits.MemoryBytes:N0} bytes");
        var file = string.Create(CultureInfo.InvariantCulture, $"file size, {limits.FileBytes:N0} bytes");
        if (run.Errors.Contains("Cannot allocate memory", StringComparison.Ordinal))
            return memory;
        if (run.Errors.Contains("File too large", StringComparison.Ordinal))
            return file;
        return (run.ExitCode - Signalled) switch
        {
            // A program that does not check a failed allocation ends like this.
            Aborted or Faulted => memory,
            Killed => string.Create(
                CultureInfo.InvariantCulture,
                $"processor time, {limits.Cpu.TotalSeconds:N0} s, or memory"
            ),
            FileTooLarge => file,
            _ => null,
        };
    }

    private static string EventNameOf(ToolEnd end) =>
        end switch
        {
            ToolEnd.TimedOut => "timed_out",
            ToolEnd.TooMuchOutput => "too_much_output",
            ToolEnd.OverLimit => "over_limit",
            _ => "exited",
        };

    private static Process Start(IEnumerable<string> command)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Watched, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("/bin/sh did not start");
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("/bin/sh cannot be started", e);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It ended between the check and the kill.
        }
    }

    private static async Task<(string Text, bool Overflowed)> ReadAsync(
        StreamReader reader,
        int charsMax,
        Action? onOverflow = null
    )
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        var overflowed = false;
        while (await reader.ReadAsync(buffer) is > 0 and var read)
        {
            // Output beyond the limit is still read, or the process would block on a full pipe.
            var room = Math.Min(read, charsMax - text.Length);
            text.Append(buffer, 0, room);
            if (room == read || overflowed)
                continue;
            overflowed = true;
            onOverflow?.Invoke();
        }
        return (text.ToString(), overflowed);
    }

    private static async Task<(string Text, bool Overflowed)> ReadLinesAsync(StreamReader reader, Action<string> onLine)
    {
        var line = new StringBuilder();
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is > 0 and var read)
        {
            for (var i = 0; i < read; i++)
            {
                if (buffer[i] == '\n')
                {
                    onLine(line.ToString());
                    line.Clear();
                }
                else if (line.Length < LineCharsMax)
                {
                    line.Append(buffer[i]);
                }
            }
        }
        return ("", false);
    }

    private static async Task<(string Text, bool Overflowed)> ReadBlocksAsync(
        Stream output,
        Action<ReadOnlySpan<byte>> onBytes
    )
    {
        var block = new byte[BlockBytes];
        int read;
        do
        {
            read = await output.ReadAtLeastAsync(block, block.Length, throwOnEndOfStream: false);
            onBytes(block.AsSpan(0, read));
        } while (read == block.Length);
        return ("", false);
    }
}
