namespace Veza.Media.Tests;

/// <summary>Messages of ffmpeg reach people without addresses in memory and paths on disk.</summary>
public sealed class ToolTextTests
{
    [Theory]
    [InlineData("[mov,mp4,m4a,3gp,3g2,mj2 @ 0x555bd5a25500] moov atom not found", "moov atom not found")]
    [InlineData("[flac @ 0x55d0c0ffee00] [extra @ 0x7f00deadbeef] invalid sync code", "invalid sync code")]
    [InlineData("freed 0x7f00deadbeef twice", "freed twice")]
    [InlineData(
        "file:/srv/my media/tracks/01/original: Invalid data found when processing input",
        "the file: Invalid data found when processing input"
    )]
    [InlineData("/srv/media/staging/0199: No such file or directory", "the file: No such file or directory")]
    [InlineData("Error opening '/var/lib/veza/x.partial'.", "Error opening 'the file'.")]
    [InlineData("could not open file:/srv/media/tracks/01/opus", "could not open the file")]
    [InlineData("Sample rate 44100/48000 and 1/2 channels", "Sample rate 44100/48000 and 1/2 channels")]
    [InlineData("a\u0007bell\u202e and more", "a bell  and more")]
    public void Addresses_and_paths_are_taken_out(string said, string answer) =>
        Assert.Equal(answer, ToolText.ForAnswer(said));

    [Fact]
    public void A_long_line_is_cut() => Assert.Equal(300, ToolText.ForAnswer(new string('x', 5_000)).Length);
}
