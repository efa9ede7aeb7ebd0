using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.Commands.Social.Comments;
using Veza.Commands.Social.Likes;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Appending;
using Veza.Fixtures;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Comments;

namespace Veza.Projections.Tests.Music;

public class TrackProjectionsTests(TestLog log)
{
    private readonly Guid _track = Guid.CreateVersion7();
    private readonly Guid _owner = Guid.CreateVersion7();
    private readonly Guid _listener = Guid.CreateVersion7();

    private UploadTrack Uploaded =>
        new(
            _track,
            _owner,
            "Nightbus",
            "Ambient",
            null,
            31_752_044,
            new string('a', 64),
            180_000,
            "pcm_s16le",
            44_100,
            2,
            "wav"
        );

    [Fact]
    public async Task A_track_is_processing_until_its_copies_are_made()
    {
        var uploaded = await Send(Uploaded);
        var before = await Track();
        // The answer has the position of the storage event, which follows the track's.
        Assert.Equal(
            (TrackStatus.Processing, null, 1, uploaded.Position - 1),
            (before.Status, before.Failure, before.Version, before.Position)
        );
        Assert.Equal(
            ("Nightbus", "Ambient", null, "wav"),
            (before.Title, before.Genre, before.Description, before.Container)
        );

        await Send(new CompleteTrackProcessing(_track, [new("opus", 128, 2_880_000), new("mp3", 192, 4_320_000)]));
        var after = await Track();
        Assert.Equal(before with { Status = TrackStatus.Ready, Version = 2 }, after);
        Assert.Equal(
            [new RenditionRow(_track, "mp3", 192, 4_320_000), new(_track, "opus", 128, 2_880_000)],
            await log.Views.ListAsync<RenditionRow>(
                "select * from views.music_renditions where track_id = @track order by format",
                new { track = _track },
                CancellationToken.None
            )
        );
    }

    [Fact]
    public async Task The_waveforms_of_a_track_are_listed_and_a_track_may_have_none()
    {
        await Send(Uploaded);
        var made = new CompleteTrackProcessing(_track, [new("opus", 128, 2_880_000)]);
        await Send(made with { Waveforms = [new("overview", 4_410, 1_800, 3_624), new("fine", 552, 14_380, 28_784)] });
        await log.ProjectedAsync();
        Assert.Equal(
            [new WaveformRow(_track, "fine", 552, 14_380, 28_784), new(_track, "overview", 4_410, 1_800, 3_624)],
            await WaveformsAsync(_track)
        );

        var bare = Guid.CreateVersion7();
        await Send(Uploaded with { TrackId = bare });
        await Send(made with { TrackId = bare });
        await log.ProjectedAsync();
        Assert.Empty(await WaveformsAsync(bare));

        Task<List<WaveformRow>> WaveformsAsync(Guid track) =>
            log.Views.ListAsync<WaveformRow>(
                "select * from views.music_waveforms where track_id = @track order by level",
                new { track },
                CancellationToken.None
            );
    }

    [Fact]
    public async Task A_failed_track_says_why()
    {
        await Send(Uploaded);
        await Send(new FailTrackProcessing(_track, "Making the Opus copy failed."));
        var track = await Track();
        Assert.Equal(
            (TrackStatus.Failed, "Making the Opus copy failed.", 2),
            (track.Status, track.Failure, track.Version)
        );
    }

    [Fact]
    public async Task Likes_reposts_comments_and_counted_plays_are_counted()
    {
        await Send(Uploaded);
        Assert.Equal(new TrackCountsRow(_track, 0, 0, 0, 0), await Counts());
        await Send(new LikeTrack(_track, _listener));
        await Send(new LikeTrack(_track, _listener));
        await Send(new LikeTrack(_track, _owner));
        await Send(new RepostTrack(_track, _listener));
        await Send(new CommentOnTrack(Guid.CreateVersion7(), _track, _listener, "this drop!", 61_000));
        await Send(new CommentOnTrack(Guid.CreateVersion7(), _track, _listener, "and this one", 62_000));
        await Play();
        Assert.Equal(new TrackCountsRow(_track, Plays: 1, Likes: 2, Reposts: 1, Comments: 2), await Counts());

        await Send(new UnlikeTrack(_track, _owner));
        await Send(new RemoveRepost(_track, _listener));
        Assert.Equal(new TrackCountsRow(_track, Plays: 1, Likes: 1, Reposts: 0, Comments: 2), await Counts());
    }

    [Fact]
    public async Task A_comment_is_kept_with_its_moment()
    {
        await Send(Uploaded);
        var id = Guid.CreateVersion7();
        var done = await Send(new CommentOnTrack(id, _track, _listener, "this drop!", 61_000));
        await log.ProjectedAsync();
        var row = await log.Views.FindAsync<CommentRow>(
            "select * from views.social_comments where track_id = @track",
            new { track = _track },
            CancellationToken.None
        );
        Assert.Equal(
            (id, _listener, "this drop!", 61_000L, done.Position),
            (row!.CommentId, row.AuthorId, row.Text, row.AtMs, row.Position)
        );
    }

    private async Task<CommandResult.Done> Send<T>(T command)
        where T : notnull =>
        Assert.IsType<CommandResult.Done>(
            await log.CommandBus.SendAsync(command, new(Guid.CreateVersion7(), _listener), null, CancellationToken.None)
        );

    private async Task Play() =>
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Log.Appender.AppendAsync(
                new(
                    Guid.CreateVersion7(),
                    [
                        new(
                            Guid.CreateVersion7(),
                            "counting",
                            0,
                            [
                                new PlayCounted(
                                    Guid.CreateVersion7(),
                                    _track,
                                    _owner,
                                    _listener,
                                    Guid.CreateVersion7(),
                                    "Ambient",
                                    30_000
                                ),
                            ]
                        ),
                    ],
                    []
                )
            )
        );

    private async Task<TrackRow> Track()
    {
        await log.ProjectedAsync();
        return (
            await log.Views.FindAsync<TrackRow>(
                "select * from views.music_tracks where track_id = @track",
                new { track = _track },
                CancellationToken.None
            )
        )!;
    }

    private async Task<TrackCountsRow> Counts()
    {
        await log.ProjectedAsync();
        return (
            await log.Views.FindAsync<TrackCountsRow>(
                "select * from views.music_track_counts where track_id = @track",
                new { track = _track },
                CancellationToken.None
            )
        )!;
    }
}
