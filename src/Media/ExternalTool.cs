using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Veza.Media;

internal enum ToolEnd { Exited, TimedOut, TooMuchOutput }

internal sealed record ToolRun(ToolEnd End, int ExitCode, string Output, string Errors)
{
    public bool Succeeded => End == ToolEnd.Exited && ExitCode == 0;

    /// <summary>The first thing the tool complained of: what follows is usually its consequence.</summary>
    public string FirstError => Errors.AsSpan().Trim().ToString().Split('\n')[0].Trim();
}

/// <summary>Runs ffmpeg or ffprobe, bounded in time and in what it may say; its whole process tree dies with the call, and with this process however that ends.</summary>
internal static class ExternalTool
{
    /// <summary>Characters of standard output kept. A probe says a few kilobytes; only tags abused as storage say more.</summary>
    public const int OutputCharsMax = 1024 * 1024;

    /// <summary>Characters of standard error kept. A broken file can make ffmpeg complain of every packet.</summary>
    public const int ErrorCharsMax = 16 * 1024;

    private const int LineCharsMax = 4096;

    /// <summary>What a shell exits with when there is no such program.</summary>
    private const int NotFound = 127;

    /// <summary>
    /// Runs the tool beside a watcher that reads the pipe this process holds open: when that breaks, as it does even at kill -9, the tool is killed.
    /// (Linux's own death signal is bound to the thread that started the child, and those of a pool come and go.)
    /// </summary>
    internal const string Watched = """
        exec 3<&0
        "$0" "$@" </dev/null 3<&- &
        tool=$!
        { read -r _ <&3; kill -9 $tool; } >/dev/null 2>&1 &
        watcher=$!
        wait $tool
        status=$?
        kill $watcher 2>/dev/null
        exit $status
        """;

    /// <param name="onLine">Is given each line of standard output, which is then not kept.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled; the process is dead when this is thrown.</exception>
    public static async Task<ToolRun> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan timeLimit, TimeProvider time, Action<string>? onLine, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource(timeLimit, time);
        using var process = Start(program, arguments);
        var started = Stopwatch.GetTimestamp();
        var tool = new KeyValuePair<string, object?>("program", program);
        var ended = "cancelled";
        MediaMetrics.ToolsRunning.Add(1, tool);

        // Killing closes the pipes, so the reads below need no token of their own and always come to an end.
        await using var onLimit = limit.Token.Register(() => Kill(process));
        await using var onCancel = cancellation.Register(() => Kill(process));
        try
        {
            var errors = ReadAsync(process.StandardError, ErrorCharsMax);
            var output = onLine is null
                ? ReadAsync(process.StandardOutput, OutputCharsMax, () => Kill(process))
                : ReadLinesAsync(process.StandardOutput, onLine);
            await Task.WhenAll(errors, output);
            await process.WaitForExitAsync(CancellationToken.None);
            cancellation.ThrowIfCancellationRequested();
            if (process.ExitCode == NotFound) throw new InvalidOperationException($"'{program}' cannot be started; ffmpeg and ffprobe must be installed and on the PATH");

            var (text, overflowed) = await output;
            var end = limit.IsCancellationRequested ? ToolEnd.TimedOut : overflowed ? ToolEnd.TooMuchOutput : ToolEnd.Exited;
            ended = end switch { ToolEnd.TimedOut => "timed_out", ToolEnd.TooMuchOutput => "too_much_output", _ => "exited" };
            return new ToolRun(end, process.ExitCode, text, (await errors).Text);
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

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Watched, program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start");
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"'{program}' cannot be started, as /bin/sh cannot", e);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It ended between the question and the blow.
        }
    }

    private static async Task<(string Text, bool Overflowed)> ReadAsync(StreamReader reader, int charsMax, Action? onOverflow = null)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        var overflowed = false;
        while (await reader.ReadAsync(buffer) is > 0 and var read)
        {
            // What is beyond the limit is still read, or the process would block on a full pipe.
            var room = Math.Min(read, charsMax - kept.Length);
            kept.Append(buffer, 0, room);
            if (room == read || overflowed) continue;
            overflowed = true;
            onOverflow?.Invoke();
        }
        return (kept.ToString(), overflowed);
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
}
