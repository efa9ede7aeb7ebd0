using Veza.Commands.Social.Comments;
using Veza.Commands.Tests.Music;
using Veza.Domain.Social.Comments;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Social.Comments;

public class CommentOnTrackTests(Rules rules)
{
    private readonly TrackSetting _music = new();
    private readonly Guid _id = Guid.CreateVersion7();

    private CommentOnTrack Comment(string text = "this drop!", long atMs = 61_000) =>
        new(_id, _music.Track, _music.Listener, text, atMs);

    [Theory]
    [InlineData(0)]
    [InlineData(61_000)]
    [InlineData(TrackSetting.DurationMs)]
    public Task A_comment_is_pinned_to_a_moment(long atMs) =>
        rules
            .Given(_music.Uploaded)
            .When(Comment(atMs: atMs))
            .Then(new TrackCommented(_id, _music.Track, _music.Owner, _music.Listener, "this drop!", atMs));

    [Theory]
    [InlineData(-1, "atMs is -1; the track has the moments from 0 to 180,000 ms")]
    [InlineData(TrackSetting.DurationMs + 1, "atMs is 180,001; the track has the moments from 0 to 180,000 ms")]
    public async Task A_moment_outside_the_track_is_refused_with_both(long atMs, string detail)
    {
        var refusal = await rules.Given(_music.Uploaded).When(Comment(atMs: atMs)).ThenRefused("outside_track");
        Assert.Equal(detail, refusal.Detail);
        Assert.Equal(["atMs"], refusal.Errors!.Keys);
    }

    [Fact]
    public Task A_blank_comment_is_refused() => rules.Given(_music.Uploaded).When(Comment(" ")).ThenRefused("invalid");

    [Fact]
    public async Task A_long_comment_is_refused_with_its_length_and_the_limit()
    {
        // Bytes count, not characters: each of these has two.
        var refusal = await rules.Given(_music.Uploaded).When(Comment(new string('é', 1_001))).ThenRefused("invalid");
        Assert.Equal("text is 2,002 bytes; the limit of a comment is 2,000", refusal.Detail);
    }

    [Fact]
    public Task A_track_that_is_not_there_takes_no_comment() =>
        rules.Given().When(Comment()).ThenRefused("track_unknown");
}
