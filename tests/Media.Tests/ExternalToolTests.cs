using System.Globalization;

namespace Veza.Media.Tests;

/// <summary>Every program runs under limits, and its death by one of them is an answer.</summary>
public sealed class ExternalToolTests(SoundFiles sounds)
{
    private static readonly ToolLimits Roomy = new(
        TimeSpan.FromMinutes(2),
        Cpu: TimeSpan.FromMinutes(2),
        FileBytes: 1 << 20
    );

    private static Task<ToolRun> RunAsync(ToolLimits limits, string program, params string[] arguments) =>
        ExternalTool.RunAsync(
            program,
            arguments,
            limits,
            TimeProvider.System,
            null,
            TestContext.Current.CancellationToken
        );

    [Fact]
    public async Task Every_run_is_limited_in_memory_processor_time_file_size_files_and_cores()
    {
        var seen = (await RunAsync(Roomy, "cat", "/proc/self/limits"))
            .Output.Split('\n')
            .Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Where(columns => columns.Length >= 3)
            .ToDictionary(columns => columns[0], columns => (columns[1], columns[2]));
        Assert.Equal(Both(ToolLimits.MemoryBytes), seen["Max address space"]);
        Assert.Equal(Both(120), seen["Max cpu time"]);
        Assert.Equal(Both(1 << 20), seen["Max file size"]);
        Assert.Equal(Both(ToolLimits.OpenFiles), seen["Max open files"]);
        Assert.Equal(Both(0), seen["Max core file size"]);

        static (string, string) Both(long value) =>
            (value.ToString(CultureInfo.InvariantCulture), value.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Every_run_is_first_in_line_when_memory_runs_out_gives_way_and_makes_no_file_for_all()
    {
        var seen = await RunAsync(Roomy, "sh", "-c", "cat /proc/self/oom_score_adj; nice; umask");
        Assert.Equal(["1000", "10", "0027"], seen.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Memory_beyond_the_limit_is_an_answer()
    {
        // The reverse filter keeps ten minutes in memory: 15 GB.
        var run = await RunAsync(
            Roomy,
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "anullsrc=r=384000:cl=7.1:n=60000:d=600",
            "-af",
            "areverse",
            "-f",
            "null",
            "-"
        );
        Assert.Equal((ToolEnd.OverLimit, "memory, 1,073,741,824 bytes"), (run.End, run.Limit));
        Assert.False(run.Succeeded);
    }

    [Fact]
    public async Task Processor_time_beyond_the_limit_is_an_answer()
    {
        var run = await RunAsync(Roomy with { Cpu = TimeSpan.FromSeconds(1) }, "sh", "-c", "while :; do :; done");
        Assert.Equal(ToolEnd.OverLimit, run.End);
        Assert.StartsWith("processor time, 1 s", run.Limit);
    }

    [Fact]
    public async Task A_file_beyond_the_limit_is_an_answer()
    {
        var path = sounds.NewPath("");
        var run = await RunAsync(
            Roomy with
            {
                FileBytes = 1000,
            },
            "sh",
            "-c",
            """exec head -c 100000 /dev/zero >"$0" """,
            path
        );
        Assert.Equal((ToolEnd.OverLimit, "file size, 1,000 bytes"), (run.End, run.Limit));
        Assert.Equal(1000, new FileInfo(path).Length);
    }

    [Fact]
    public async Task A_copy_larger_than_its_length_allows_is_an_answer_and_leaves_nothing()
    {
        var path = await sounds.MakeAsync("large.wav", 60);
        var copy = sounds.NewPath("");
        // As a file that declares less than its real length.
        var run = await RunAsync(
            Roomy with
            {
                FileBytes = 100_000,
            },
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-i",
            path,
            "-b:a",
            "192k",
            "-f",
            "mp3",
            copy
        );
        Assert.Equal(ToolEnd.OverLimit, run.End);
        Assert.InRange(new FileInfo(copy).Length, 0, 100_000);
    }

    [Fact]
    public async Task A_time_limit_that_no_timer_holds_is_cut_to_the_longest_there_is()
    {
        var limits = new ToolLimits(TimeSpan.FromDays(3650), TimeSpan.FromMinutes(1), FileBytes: 0);
        Assert.Equal(ToolLimits.WallMax, limits.Wall);
        Assert.True((await RunAsync(limits, "true")).Succeeded);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_a_fault_that_names_it()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(Roomy, "no-such-program"));
        Assert.Contains("'no-such-program'", fault.Message);
    }
}
