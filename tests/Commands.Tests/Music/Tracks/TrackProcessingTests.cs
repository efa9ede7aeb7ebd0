using Veza.Domain.Music.Tracks;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Music.Tracks;

public class TrackProcessingTests(Rules rules)
{
    private readonly TrackSetting _music = new();

    [Fact]
    public async Task Processing_is_completed()
    {
        var events = await rules.Given(_music.Uploaded).When(_music.Completed).ThenEvents();

        // Records compare lists by reference, so the event's parts are compared one by one.
        var processed = Assert.IsType<TrackProcessed>(events[0]);
        Assert.Equal((_music.Track, _music.Owner), (processed.TrackId, processed.OwnerId));
        Assert.Equal(_music.Completed.Renditions, processed.Renditions);
        Assert.Equal([new StorageSettled(_music.Owner, _music.Track, CopiesBytes: 7_200_000)], events[1..]);
    }

    [Fact]
    public async Task Waveforms_are_in_the_event_and_their_bytes_in_the_storage()
    {
        Waveform[] waveforms = [new("overview", 4_410, 1_800, 3_624), new("fine", 552, 14_380, 28_784)];
        var events = await rules
            .Given(_music.Uploaded)
            .When(_music.Completed with { Waveforms = waveforms })
            .ThenEvents();
        Assert.Equal(waveforms, Assert.IsType<TrackProcessed>(events[0]).Waveforms);
        Assert.Equal([new StorageSettled(_music.Owner, _music.Track, CopiesBytes: 7_232_408)], events[1..]);
    }

    [Fact]
    public Task Processing_fails() =>
        rules
            .Given(_music.Uploaded)
            .When(_music.Failed)
            .Then(
                new TrackProcessingFailed(_music.Track, _music.Owner, _music.Failed.Reason),
                new StorageSettled(_music.Owner, _music.Track, CopiesBytes: 0)
            );

    [Fact]
    public async Task The_storage_of_its_copies_is_settled_when_processing_is_completed()
    {
        await rules.Given(_music.Uploaded, _music.Completed).PlayAsync();
        Assert.Equal(
            [_music.Reserved, new StorageSettled(_music.Owner, _music.Track, 7_200_000)],
            rules.StreamOf(Storage.StreamId(_music.Owner))
        );
    }

    [Fact]
    public Task Completing_again_changes_nothing() =>
        rules.Given(_music.Uploaded, _music.Completed).When(_music.Completed).ThenNothing();

    [Fact]
    public Task Failing_again_changes_nothing() =>
        rules.Given(_music.Uploaded, _music.Failed).When(_music.Failed with { Reason = "another" }).ThenNothing();

    [Fact]
    public Task A_failed_track_is_not_completed() =>
        rules.Given(_music.Uploaded, _music.Failed).When(_music.Completed).ThenRefused("track_not_processing");

    [Fact]
    public Task A_ready_track_does_not_fail() =>
        rules.Given(_music.Uploaded, _music.Completed).When(_music.Failed).ThenRefused("track_not_processing");

    [Fact]
    public Task A_track_that_is_not_there_is_not_completed() =>
        rules.Given().When(_music.Completed).ThenRefused("track_unknown");

    [Fact]
    public Task A_track_that_is_not_there_does_not_fail() =>
        rules.Given().When(_music.Failed).ThenRefused("track_unknown");
}
