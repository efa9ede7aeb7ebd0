using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Music.Tracks;

public class TrackProcessingTests(TestLog log)
{
    private readonly TrackSetting _music = new();

    [Fact]
    public async Task Processing_is_completed()
    {
        await log.CommandBus.SendAsync(_music.Uploaded, new(Guid.CreateVersion7(), _music.Owner), null, CancellationToken.None);
        Assert.IsType<CommandResult.Done>(await log.CommandBus.SendAsync(_music.Completed, new(Guid.CreateVersion7(), null), null, CancellationToken.None));

        // Records compare lists by reference, so the event's parts are compared one by one.
        var processed = Assert.IsType<TrackProcessed>((await log.Log.Reader.ReadStreamAsync(_music.Track, 1, CancellationToken.None).ToListAsync()).Single().Data);
        Assert.Equal((_music.Track, _music.Owner), (processed.TrackId, processed.OwnerId));
        Assert.Equal(_music.Completed.Renditions, processed.Renditions);
    }

    [Fact]
    public Task Processing_fails() =>
        log.Given(_music.Uploaded).When(_music.Failed).Then(new TrackProcessingFailed(_music.Track, _music.Owner, _music.Failed.Reason), new StorageSettled(_music.Owner, _music.Track, CopiesBytes: 0));

    [Fact]
    public async Task What_its_copies_take_is_settled_when_processing_is_completed()
    {
        await log.Given(_music.Uploaded, _music.Completed).PlayAsync();
        var storage = await log.Log.Reader.ReadStreamAsync(Storage.StreamId(_music.Owner), 0, CancellationToken.None).ToListAsync();
        Assert.Equal([_music.Reserved, new StorageSettled(_music.Owner, _music.Track, 7_200_000)], storage.Select(e => e.Data));
    }

    [Fact]
    public Task Completing_again_changes_nothing() => log.Given(_music.Uploaded, _music.Completed).When(_music.Completed).ThenNothing();

    [Fact]
    public Task Failing_again_changes_nothing() => log.Given(_music.Uploaded, _music.Failed).When(_music.Failed with { Reason = "another" }).ThenNothing();

    [Fact]
    public Task What_has_failed_is_not_completed() => log.Given(_music.Uploaded, _music.Failed).When(_music.Completed).ThenRefused("track_not_processing");

    [Fact]
    public Task What_is_ready_does_not_fail() => log.Given(_music.Uploaded, _music.Completed).When(_music.Failed).ThenRefused("track_not_processing");

    [Fact]
    public Task A_track_that_is_not_there_is_not_completed() => log.Given().When(_music.Completed).ThenRefused("track_unknown");

    [Fact]
    public Task A_track_that_is_not_there_does_not_fail() => log.Given().When(_music.Failed).ThenRefused("track_unknown");

    [Fact]
    public async Task A_follow_up_that_comes_again_is_answered_as_the_first_time_whatever_it_says_now()
    {
        await log.CommandBus.SendAsync(_music.Uploaded, new(Guid.CreateVersion7(), _music.Owner), null, CancellationToken.None);
        var context = CommandContext.FollowUp(Guid.CreateVersion7());
        var first = Assert.IsType<CommandResult.Done>(await log.CommandBus.SendAsync(_music.Completed, context, null, CancellationToken.None));
        var again = Assert.IsType<CommandResult.Done>(await log.CommandBus.SendAsync(_music.Failed, context, null, CancellationToken.None));

        Assert.Equal((first.Version, first.Position), (again.Version, again.Position));
        Assert.Equal(["track_uploaded", "track_processed"],
            (await log.Log.Reader.ReadStreamAsync(_music.Track, 0, CancellationToken.None).ToListAsync()).Select(e => e.Type));
    }
}
