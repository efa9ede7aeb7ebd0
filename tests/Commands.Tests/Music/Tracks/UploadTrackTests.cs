using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.Domain.Music.Tracks;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Music.Tracks;

public class UploadTrackTests(Rules rules)
{
    private readonly TrackSetting _music = new();

    [Fact]
    public Task A_track_is_uploaded() =>
        rules
            .Given()
            .When(_music.Uploaded)
            .Then(
                new TrackUploaded(
                    _music.Track,
                    _music.Owner,
                    "Nightbus",
                    "Ambient",
                    "Recorded on line 7.",
                    31_752_044,
                    new string('a', 64),
                    TrackSetting.DurationMs,
                    "pcm_s16le",
                    44_100,
                    2,
                    "wav"
                ),
                _music.Reserved
            );

    [Fact]
    public Task Genre_and_description_may_be_left_out() =>
        rules
            .Given()
            .When(_music.Uploaded with { Genre = null, Description = null })
            .Then(
                new TrackUploaded(
                    _music.Track,
                    _music.Owner,
                    "Nightbus",
                    null,
                    null,
                    31_752_044,
                    new string('a', 64),
                    TrackSetting.DurationMs,
                    "pcm_s16le",
                    44_100,
                    2,
                    "wav"
                ),
                _music.Reserved
            );

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("two\nlines")]
    public async Task A_title_is_one_line_that_is_not_blank(string title)
    {
        var refusal = await rules.Given().When(_music.Uploaded with { Title = title }).ThenRefused("invalid");
        Assert.Equal(["title"], refusal.Errors!.Keys);
    }

    [Fact]
    public async Task Title_genre_and_description_are_bounded_and_each_is_named()
    {
        var refusal = await rules
            .Given()
            .When(
                _music.Uploaded with
                {
                    Title = new string('x', Track.TitleMax + 1),
                    Genre = new string('x', Track.GenreMax + 1),
                    Description = new string('x', Track.DescriptionBytesMax + 1),
                }
            )
            .ThenRefused("invalid");
        Assert.Equal(["description", "genre", "title"], refusal.Errors!.Keys.Order());
        Assert.Equal("title has 201 characters; at most 200 are allowed", refusal.Errors["title"].Single());
        Assert.Equal("genre has 51 characters; at most 50 are allowed", refusal.Errors["genre"].Single());
        Assert.Equal(
            "description is 10,001 bytes; the limit of a description is 10,000",
            refusal.Errors["description"].Single()
        );
    }

    [Fact]
    public Task The_longest_title_genre_and_description_are_taken()
    {
        var longest = _music.Uploaded with
        {
            Title = new string('x', Track.TitleMax),
            Genre = new string('x', Track.GenreMax),
            Description = new string('x', Track.DescriptionBytesMax),
        };
        return rules
            .Given()
            .When(longest)
            .Then(
                new TrackUploaded(
                    longest.TrackId,
                    longest.OwnerId,
                    longest.Title,
                    longest.Genre,
                    longest.Description,
                    longest.Bytes,
                    longest.Sha256,
                    longest.DurationMs,
                    longest.Codec,
                    longest.SampleRateHz,
                    longest.Channels,
                    longest.Container
                ),
                _music.Reserved
            );
    }

    [Fact]
    public async Task An_account_has_room_for_so_many_bytes_and_the_refusal_names_them()
    {
        // Two tracks take 77,904,088 bytes, with copies of 40,000 bytes a second.
        var two = new[] { Another(), Another() };
        await rules
            .Given([.. two])
            .When(_music.Uploaded with { StorageBytesMax = 116_856_132 })
            .Then(Event(_music.Uploaded), _music.Reserved);
        var refusal = await rules
            .Given()
            .When(Another() with { StorageBytesMax = 116_856_132 })
            .ThenRefused("quota_exceeded");
        Assert.Equal(
            "the upload needs 38,952,044 bytes with its copies and this account uses 116,856,132; "
                + "MAX_STORAGE_PER_ACCOUNT is 116,856,132",
            refusal.Detail
        );
    }

    [Fact]
    public async Task The_final_size_of_the_copies_counts()
    {
        var max = _music.Uploaded.Bytes * 2 + 7_200_000 + 1_000;
        var made = new CompleteTrackProcessing(_music.Track, [new Rendition("opus", 128, 1_001)]);
        await rules
            .Given(_music.Uploaded, made)
            .When(Another() with { StorageBytesMax = max })
            .ThenRefused("quota_exceeded");
        var other = new TrackSetting();
        var less = new CompleteTrackProcessing(other.Track, [new Rendition("opus", 128, 1_000)]);
        var second = other.Uploaded with { TrackId = Guid.CreateVersion7(), StorageBytesMax = max };
        await rules
            .Given(other.Uploaded, less)
            .When(second)
            .Then(Event(second), other.Reserved with { TrackId = second.TrackId });
    }

    [Fact]
    public async Task A_track_whose_processing_failed_leaves_the_room_of_its_copies()
    {
        var second = Another() with { StorageBytesMax = _music.Uploaded.Bytes * 2 + 7_200_000 };
        await rules
            .Given(_music.Uploaded, _music.Failed)
            .When(second)
            .Then(Event(second), _music.Reserved with { TrackId = second.TrackId });
    }

    [Fact]
    public async Task So_many_tracks_of_an_account_are_processed_at_a_time_and_one_that_ended_makes_room()
    {
        var many = Enumerable
            .Range(0, Storage.ProcessingMax - 1)
            .Select(_ => (object)Another())
            .Prepend(_music.Uploaded)
            .ToArray();
        var refusal = await rules.Given(many).When(Another()).ThenRefused("too_many_processing");
        Assert.Equal("20 tracks of this account are being processed; at most 20 may be at a time", refusal.Detail);
        Assert.NotNull(refusal.RetryAfter);
        var next = Another();
        await rules.Given(_music.Failed).When(next).Then(Event(next), _music.Reserved with { TrackId = next.TrackId });
        await rules.Given().When(Another()).ThenRefused("too_many_processing");
    }

    private UploadTrack Another() => _music.Uploaded with { TrackId = Guid.CreateVersion7() };

    private static TrackUploaded Event(UploadTrack c) =>
        new(
            c.TrackId,
            c.OwnerId,
            c.Title,
            c.Genre,
            c.Description,
            c.Bytes,
            c.Sha256,
            c.DurationMs,
            c.Codec,
            c.SampleRateHz,
            c.Channels,
            c.Container
        );
}
