using Veza.Cli;

namespace Veza.Integration.Tests.Cli;

/// <summary>The text that a program reads from the operator's tables through a pipe.</summary>
public sealed class TablesTests
{
    private static readonly ProjectionsCommand.ProjectionView Shard = new(
        "feed.activities.v1/2",
        "running",
        41,
        7,
        0,
        null,
        []
    );

    [Fact]
    public void A_projection_and_each_of_its_shards_is_one_line_with_its_whole_error()
    {
        var error = "event 42: [bold]" + new string('x', 300) + "\u001b[2J\nend";
        var lines = Piped(new("feed.activities.v1", "faulted", 41, 1_000, 2, error, [Shard]));

        Assert.Equal(3, lines.Length);
        Assert.Equal(["name", "state", "position", "behind", "skipped", "error"], Words(lines[0]));
        Assert.Equal(["feed.activities.v1", "faulted", "41", "1000", "2", "event", "42:"], Words(lines[1])[..7]);
        Assert.EndsWith("[bold]" + new string('x', 300) + " [2J end", lines[1]);
        Assert.StartsWith("  feed.activities.v1/2", lines[2].TrimStart('\u00a0'));
        Assert.DoesNotContain(string.Concat(lines), char.IsControl);
    }

    [Fact]
    public void A_build_shows_how_far_it_is()
    {
        var written = new StringWriter();
        var build = new RebuildCommand.Build("chat.messages.v1", 500, 2_000, 450, 99.6, null, null);
        Terminal.On(written, redirected: true).Write(RebuildCommand.TableOf([build]));
        Assert.Equal(["chat.messages.v1", "500", "2000", "450", "100"], Words(Lines(written)[1]));
    }

    private static string[] Piped(ProjectionsCommand.ProjectionView projection)
    {
        var written = new StringWriter();
        Terminal.On(written, redirected: true).Write(ProjectionsCommand.TableOf([projection]));
        return Lines(written);
    }

    private static string[] Lines(StringWriter written) =>
        [.. written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd())];

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Of_a_reactor_one_sees_what_waits_and_what_it_gave_up()
    {
        var written = new StringWriter();
        var reactor = new ReactorsCommand.ReactorView(
            "music.process_track.v1",
            "running",
            41,
            3,
            2,
            1,
            "the original is not there"
        );
        Terminal.On(written, redirected: true).Write(ReactorsCommand.TableOf([reactor]));
        Assert.Contains("waiting", written.ToString(), StringComparison.Ordinal);
        Assert.Matches("music.process_track.v1 +running +41 +3 +2 +1 +the original is not there", written.ToString());
    }
}
