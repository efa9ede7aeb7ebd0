using System.Diagnostics;

namespace Veza.Media.Tests;

public sealed class TranscoderTests(SoundFiles sounds)
{
    private readonly AudioProbe _probe = new(TimeProvider.System);

    private async Task<(string Path, AudioFacts Facts)> Original(params string[] options)
    {
        var path = await sounds.MakeAsync($"original{string.Concat(options)}.wav", 20, options);
        return (path, Assert.IsType<AudioFacts>(await _probe.ProbeAsync(path, CancellationToken.None)));
    }

    public static TheoryData<TranscodeTarget, string, string, int> Renditions =>
        new() { { TranscodeTarget.Opus, "opus", "ogg", 128 }, { TranscodeTarget.Mp3, "mp3", "mp3", 192 } };

    [Theory]
    [MemberData(nameof(Renditions))]
    public async Task A_copy_has_the_codec_the_length_and_about_the_bit_rate(
        TranscodeTarget rendition,
        string codec,
        string container,
        int bitRateKbps
    )
    {
        var (path, facts) = await Original();
        var copy = sounds.NewPath("");
        var progress = new List<double>();
        var made = Assert.IsType<Transcoded>(
            await new Transcoder(TimeProvider.System).MakeAsync(
                path,
                facts,
                rendition,
                copy,
                progress.Add,
                CancellationToken.None
            )
        );
        Assert.Equal(new FileInfo(copy).Length, made.Bytes);
        Assert.Equal(MediaStore.FileMode640, File.GetUnixFileMode(copy));
        var seen = Assert.IsType<AudioFacts>(await _probe.ProbeAsync(copy, CancellationToken.None));
        Assert.Equal((codec, container), (seen.Codec, seen.Container));
        Assert.InRange(seen.DurationMs, facts.DurationMs - 50, facts.DurationMs + 100);
        Assert.InRange(made.Bytes * 8 / seen.DurationMs, bitRateKbps * 0.7, bitRateKbps * 1.3);
        Assert.Equal(progress.Order(), progress);
        Assert.Equal(1, progress[^1]);
        Assert.Equal([copy], Directory.GetFiles(Path.GetDirectoryName(copy)!, Path.GetFileName(copy) + "*"));
    }

    [Fact]
    public async Task Output_of_an_orphaned_process_does_not_get_into_the_copy()
    {
        var (path, facts) = await Original();
        var copy = sounds.NewPath("");
        // Left by an earlier attempt whose ffmpeg still writes, and by one that died long ago.
        await using var orphans = new FileStream(
            copy + ".partial",
            FileMode.Create,
            FileAccess.Write,
            FileShare.ReadWrite | FileShare.Delete
        );
        var ancient = copy + ".x.partial";
        await File.WriteAllTextAsync(ancient, "half");
        File.SetLastWriteTimeUtc(ancient, DateTime.UnixEpoch);
        Assert.IsType<Transcoded>(
            await new Transcoder(TimeProvider.System).MakeAsync(
                path,
                facts,
                TranscodeTarget.Opus,
                copy,
                null,
                CancellationToken.None
            )
        );
        orphans.Write(new byte[1024]);
        orphans.Flush(flushToDisk: true);
        Assert.IsType<AudioFacts>(await _probe.ProbeAsync(copy, CancellationToken.None));
        Assert.True(File.Exists(copy + ".partial"));
        Assert.False(File.Exists(ancient));
    }

    [Fact]
    public async Task A_tool_dies_with_the_process_that_started_it()
    {
        using var shell = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", ExternalTool.Watched, "sh", "-c", "echo $$; exec sleep 600"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        var tool = int.Parse(
            (await shell.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!,
            System.Globalization.CultureInfo.InvariantCulture
        );
        // The kernel closes the pipe of a killed process.
        shell.StandardInput.Close();
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(128 + 9, shell.ExitCode);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(tool));
    }

    [Fact]
    public async Task Six_channels_become_two()
    {
        var (path, facts) = await Original("-ac", "6");
        Assert.Equal(6, facts.Channels);
        var copy = sounds.NewPath("");
        Assert.IsType<Transcoded>(
            await new Transcoder(TimeProvider.System).MakeAsync(
                path,
                facts,
                TranscodeTarget.Mp3,
                copy,
                null,
                CancellationToken.None
            )
        );
        Assert.Equal(2, Assert.IsType<AudioFacts>(await _probe.ProbeAsync(copy, CancellationToken.None)).Channels);
    }

    [Fact]
    public async Task A_copy_that_cannot_be_made_leaves_nothing()
    {
        var (_, facts) = await Original();
        var text = await sounds.WriteAsync("", "no sound"u8.ToArray());
        var copy = sounds.NewPath("");
        var failed = Assert.IsType<TranscodeFailed>(
            await new Transcoder(TimeProvider.System).MakeAsync(
                text,
                facts,
                TranscodeTarget.Opus,
                copy,
                null,
                CancellationToken.None
            )
        );
        Assert.Equal("transcode_failed", failed.Code);
        Assert.Empty(Directory.GetFiles(sounds.Folder, Path.GetFileName(copy) + "*"));
    }

    [Fact]
    public async Task A_copy_that_takes_too_long_leaves_nothing_and_what_was_there_stays()
    {
        var (path, facts) = await Original();
        var copy = await sounds.WriteAsync("", "before"u8.ToArray());
        var transcoder = new Transcoder(TimeProvider.System, TimeSpan.FromTicks(1));
        var failed = Assert.IsType<TranscodeFailed>(
            await transcoder.MakeAsync(
                path,
                facts with
                {
                    DurationMs = 0,
                },
                TranscodeTarget.Opus,
                copy,
                null,
                CancellationToken.None
            )
        );
        Assert.Equal("transcode_timeout", failed.Code);
        Assert.Equal("before", await File.ReadAllTextAsync(copy));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(copy)!, Path.GetFileName(copy) + "*.partial"));
    }

    [Fact]
    public async Task Cancelled_in_the_middle_it_leaves_nothing()
    {
        // Long enough that progress is reported before the end.
        var path = await sounds.MakeAsync("long.wav", 600, "-ar", "8000");
        var facts = Assert.IsType<AudioFacts>(await _probe.ProbeAsync(path, CancellationToken.None));
        var copy = sounds.NewPath("");
        using var gone = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new Transcoder(TimeProvider.System).MakeAsync(
                path,
                facts,
                TranscodeTarget.Opus,
                copy,
                _ => gone.Cancel(),
                gone.Token
            )
        );
        Assert.DoesNotContain(Process.GetProcessesByName("ffmpeg"), p =>
            CommandLine(p).Contains(copy, StringComparison.Ordinal)
        );
        Assert.Empty(Directory.GetFiles(sounds.Folder, Path.GetFileName(copy) + "*"));
    }

    private static string CommandLine(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline");
        }
        catch (IOException)
        {
            // Removed since it was listed.
            return "";
        }
    }
}
