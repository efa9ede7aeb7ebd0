using Veza.Commands.Social.Likes;
using Veza.Commands.Tests.Music;
using Veza.Domain.Social.Likes;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Social.Likes;

public class LikeAndRepostTests(Rules rules)
{
    private readonly TrackSetting _music = new();

    private LikeTrack Like => new(_music.Track, _music.Listener);
    private UnlikeTrack Unlike => new(_music.Track, _music.Listener);
    private RepostTrack Repost => new(_music.Track, _music.Listener);
    private RemoveRepost Unrepost => new(_music.Track, _music.Listener);

    [Fact]
    public Task A_track_is_liked() =>
        rules.Given(_music.Uploaded).When(Like).Then(new TrackLiked(_music.Track, _music.Owner, _music.Listener));

    [Fact]
    public Task Liking_again_changes_nothing() => rules.Given(_music.Uploaded, Like).When(Like).ThenNothing();

    [Fact]
    public Task A_like_is_taken_back() =>
        rules
            .Given(_music.Uploaded, Like)
            .When(Unlike)
            .Then(new TrackUnliked(_music.Track, _music.Owner, _music.Listener));

    [Fact]
    public Task Taking_back_no_like_changes_nothing() => rules.Given(_music.Uploaded).When(Unlike).ThenNothing();

    [Fact]
    public Task A_like_can_be_given_anew() =>
        rules
            .Given(_music.Uploaded, Like, Unlike)
            .When(Like)
            .Then(new TrackLiked(_music.Track, _music.Owner, _music.Listener));

    [Fact]
    public Task One_may_like_and_repost_ones_own_track() =>
        rules
            .Given(_music.Uploaded, new LikeTrack(_music.Track, _music.Owner))
            .When(new RepostTrack(_music.Track, _music.Owner))
            .Then(new TrackReposted(_music.Track, _music.Owner, _music.Owner));

    [Fact]
    public Task A_track_is_reposted() =>
        rules.Given(_music.Uploaded).When(Repost).Then(new TrackReposted(_music.Track, _music.Owner, _music.Listener));

    [Fact]
    public Task Reposting_again_changes_nothing() => rules.Given(_music.Uploaded, Repost).When(Repost).ThenNothing();

    [Fact]
    public Task A_repost_is_taken_back() =>
        rules
            .Given(_music.Uploaded, Repost)
            .When(Unrepost)
            .Then(new TrackRepostRemoved(_music.Track, _music.Owner, _music.Listener));

    [Fact]
    public Task Taking_back_no_repost_changes_nothing() =>
        rules.Given(_music.Uploaded, Like).When(Unrepost).ThenNothing();

    [Fact]
    public async Task A_track_that_is_not_there_takes_neither()
    {
        foreach (var command in (object[])[Like, Unlike, Repost, Unrepost])
            await rules.Given().When(command).ThenRefused("track_unknown");
    }
}
