using Veza.Domain.Music.Tracks;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Music.Tracks;

public class UploadTrackTests(TestLog log)
{
    private readonly TrackSetting _music = new();

    [Fact]
    public Task A_track_is_uploaded() =>
        log.Given().When(_music.Uploaded).Then(new TrackUploaded(
            _music.Track, _music.Owner, "Nightbus", "Ambient", "Recorded on line 7.", 31_752_044, new string('a', 64), TrackSetting.DurationMs, "pcm_s16le", 44_100, 2, "wav"));

    [Fact]
    public Task Genre_and_description_may_be_left_out() =>
        log.Given().When(_music.Uploaded with { Genre = null, Description = null }).Then(new TrackUploaded(
            _music.Track, _music.Owner, "Nightbus", null, null, 31_752_044, new string('a', 64), TrackSetting.DurationMs, "pcm_s16le", 44_100, 2, "wav"));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("two\nlines")]
    public async Task A_title_is_one_line_that_is_not_blank(string title)
    {
        var refusal = await log.Given().When(_music.Uploaded with { Title = title }).ThenRefused("invalid");
        Assert.Equal(["title"], refusal.Errors!.Keys);
    }

    [Fact]
    public async Task Title_genre_and_description_are_bounded_and_each_is_named()
    {
        var refusal = await log.Given().When(_music.Uploaded with
        {
            Title = new string('x', Track.TitleMax + 1), Genre = new string('x', Track.GenreMax + 1), Description = new string('x', Track.DescriptionBytesMax + 1),
        }).ThenRefused("invalid");
        Assert.Equal(["description", "genre", "title"], refusal.Errors!.Keys.Order());
        Assert.Equal("title has 201 characters; at most 200 are allowed", refusal.Errors["title"].Single());
        Assert.Equal("genre has 51 characters; at most 50 are allowed", refusal.Errors["genre"].Single());
        Assert.Equal("description is 10,001 bytes; the limit of a description is 10,000", refusal.Errors["description"].Single());
    }

    [Fact]
    public Task The_longest_title_genre_and_description_are_taken()
    {
        var longest = _music.Uploaded with { Title = new string('x', Track.TitleMax), Genre = new string('x', Track.GenreMax), Description = new string('x', Track.DescriptionBytesMax) };
        return log.Given().When(longest).Then(new TrackUploaded(longest.TrackId, longest.OwnerId, longest.Title, longest.Genre, longest.Description, longest.Bytes,
            longest.Sha256, longest.DurationMs, longest.Codec, longest.SampleRateHz, longest.Channels, longest.Container));
    }
}
