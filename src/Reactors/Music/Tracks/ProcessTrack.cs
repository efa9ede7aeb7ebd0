using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.Media;
using Veza.Reactors.Running;
using Copy = Veza.Media.TranscodeTarget;
using Rendition = Veza.Domain.Music.Tracks.Rendition;

namespace Veza.Reactors.Music.Tracks;

/// <summary>
/// Makes the copies of an uploaded track that are streamed, then says that they are made, or that they cannot be.
/// </summary>
/// <remarks>
/// A copy appears whole or not at all, so after a restart those that are there are not made again. Accounts take turns:
/// one account's uploads hold half of the slots at most, and one place in the line for them.
/// Every upload ends ready or failed, with its reason: also when its work breaks off with the process again and again.
/// </remarks>
[Reactor("music.process_track.v1", AtOnceMax = ProcessingSlots.QueueMax)]
public sealed class ProcessTrack(
    MediaStore media,
    Transcoder transcoder,
    ProcessingSlots slots,
    EventLog log,
    CommandBus commands
)
{
    /// <summary>
    /// Times that work on a track may die with its process. A server that is killed so often within one track's time is
    /// killed by the track.
    /// </summary>
    internal const int BrokenOffMax = 3;

    /// <summary>
    /// A machine short of memory or disk can spoil one attempt; what fails twice is the sound's fault.
    /// </summary>
    private const int AttemptsMax = 2;

    private static readonly Copy[] Copies = [Copy.Opus, Copy.Mp3];

    public async Task HandleAsync(
        Appended<TrackUploaded> appended,
        AppendedEvent<TrackUploaded> e,
        CancellationToken ct
    )
    {
        try
        {
            await ProcessAsync(e, ct);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested && e.IsGivenUpAfter(fault))
        {
            // The track must not stay in processing for ever, and its owner learns why.
            var why = fault is IOException ? "its file could not be read or written" : "it failed again and again";
            await FailAsync(
                e.CommandId(),
                e.Data,
                $"The track could not be processed on the server: {why}. Upload it again."
            );
            throw;
        }
    }

    private async Task ProcessAsync(AppendedEvent<TrackUploaded> e, CancellationToken ct)
    {
        var id = e.CommandId();
        if (await log.Reader.FindCommandAsync(id, ct) is not null)
            return;
        var track = e.Data;
        using var slot = await slots.Fair.TryEnterAsync(track.OwnerId, ct)
            ?? throw new InvalidOperationException($"more than {ProcessingSlots.QueueMax} uploads are in line");
        // Uploaded beside the erasure, or not processed before it.
        if (await DeletedAsync(track, ct))
            return;
        // A folder that is not mounted is no fault of the track: this is tried again, then parked for the operator.
        if (await media.BytesAsync(track.TrackId, TrackFile.Original, ct) is null)
            throw new FileNotFoundException(
                $"the original of track {track.TrackId} is not in the media folder or bucket"
            );

        if (await media.BeginAttemptAsync(track.TrackId, ct) > BrokenOffMax)
        {
            await FailAsync(
                id,
                track,
                $"Making the copies was broken off {BrokenOffMax} times, as the server ended each time."
            );
            return;
        }
        // Left as it is only where this process dies.
        try
        {
            await MakeAllAsync(id, track, ct);
        }
        finally
        {
            media.EndWork(track.TrackId);
            await media.EndAttemptAsync(track.TrackId, CancellationToken.None);
        }
    }

    private async Task MakeAllAsync(Guid id, TrackUploaded track, CancellationToken ct)
    {
        var original = await media.TakeOriginalAsync(track.TrackId, ct);
        var made = new List<Rendition>();
        foreach (var copy in Copies)
        {
            switch (await MakeAsync(track, original, copy, ct))
            {
                case Transcoded done:
                    made.Add(new(FormatName(copy), copy.BitRateKbps, done.Bytes));
                    break;
                // Also when its files were removed meanwhile because its owner has gone.
                case TranscodeFailed when await DeletedAsync(track, ct):
                    return;
                case TranscodeFailed failed:
                    await FailAsync(id, track, failed.Detail);
                    return;
            }
        }
        // Its owner may have gone while the copies were made, after the account's files were removed.
        if (await DeletedAsync(track, ct))
            return;
        await commands.FollowUpAsync(id, new CompleteTrackProcessing(track.TrackId, made));
    }

    private async Task FailAsync(Guid id, TrackUploaded track, string reason)
    {
        await media.DeleteCopiesAsync(track.TrackId, CancellationToken.None);
        await commands.FollowUpAsync(id, new FailTrackProcessing(track.TrackId, reason));
    }

    /// <returns>Whether the track's owner is erased, and its files with them.</returns>
    private async Task<bool> DeletedAsync(TrackUploaded track, CancellationToken ct)
    {
        await log.CatchUpAsync(ct);
        if ((await log.Models.LoadAsync(typeof(Account), track.OwnerId, ct)).State is not Account { Erased: true })
            return false;
        await media.DeleteAsync(track.TrackId, ct);
        return true;
    }

    private async Task<TranscodeResult> MakeAsync(TrackUploaded track, string original, Copy copy, CancellationToken ct)
    {
        if (await media.BytesAsync(track.TrackId, copy.Format, ct) is { } bytes)
            return new Transcoded(bytes);
        var destination = media.CopyPath(track.TrackId, copy.Format);
        var facts = new AudioFacts(
            track.DurationMs,
            track.Codec,
            track.Container ?? "",
            track.SampleRateHz,
            track.Channels,
            BitRateKbps: 0,
            Title: null,
            Artist: null,
            Album: null
        );
        for (var attempt = 1; ; attempt++)
        {
            var result = await transcoder.MakeAsync(original, facts, copy, destination, progress: null, ct);
            if (result is Transcoded)
                await media.KeepCopyAsync(track.TrackId, copy.Format, ct);
            // What took too much takes as much again.
            if (result is not TranscodeFailed { Code: TranscodeCodes.Failed } || attempt == AttemptsMax)
                return result;
        }
    }

    private static string FormatName(Copy copy) =>
        copy.Format switch
        {
            TrackFile.Opus => "opus",
            TrackFile.Mp3 => "mp3",
            _ => throw new ArgumentOutOfRangeException(nameof(copy), copy.Format, "not the format of a copy"),
        };
}
