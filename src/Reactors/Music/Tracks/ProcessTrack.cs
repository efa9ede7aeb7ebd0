using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.Media;
using Veza.Media.Waveforms;
using Veza.Reactors.Running;
using Copy = Veza.Media.TranscodeTarget;
using Rendition = Veza.Domain.Music.Tracks.Rendition;

namespace Veza.Reactors.Music.Tracks;

/// <summary>
/// Makes the copies of an uploaded track for streaming and its waveforms, then records that they are made or why they
/// cannot be.
/// </summary>
/// <remarks>
/// A copy appears whole or not at all, so a restart does not make existing copies again. Accounts take turns: the
/// uploads of one account use at most half of the slots, and one place in the queue for them.
/// Every upload ends ready, or failed with a reason, even if its process dies again and again.
/// </remarks>
[Reactor("music.process_track.v1", AtOnceMax = ProcessingSlots.QueueMax)]
public sealed class ProcessTrack(
    MediaStore media,
    Transcoder transcoder,
    WaveformMaker waveformMaker,
    ProcessingSlots slots,
    EventLog log,
    CommandBus commands
)
{
    /// <summary>
    /// How often the process may die while it works on a track. After so many deaths the track is taken to be the
    /// cause.
    /// </summary>
    internal const int BrokenOffMax = 3;

    /// <summary>
    /// A lack of memory or disk can spoil one attempt. A second failure is the sound's fault.
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
            // Otherwise the track would stay in processing for ever. Its owner learns the reason.
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
        // The owner may have been erased before the track is processed.
        if (await DeletedAsync(track, ct))
            return;
        // An unmounted folder is not the track's fault. This is retried, then a dead letter for the operator.
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
        // The attempt's mark stays only if this process dies.
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
                // The owner was erased meanwhile, and the files were removed.
                case TranscodeFailed when await DeletedAsync(track, ct):
                    return;
                case TranscodeFailed failed:
                    await FailAsync(id, track, failed.Detail);
                    return;
            }
        }
        var waveforms = await DrawAsync(track, original, ct);
        // The owner may have been erased meanwhile, and these copies came after the removal of the account's files.
        if (await DeletedAsync(track, ct))
            return;
        await commands.FollowUpAsync(id, new CompleteTrackProcessing(track.TrackId, made, waveforms));
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
        if (await log.Aggregates.FindAsync<Account>(track.OwnerId, ct) is not { Erased: true })
            return false;
        await media.DeleteAsync(track.TrackId, ct);
        return true;
    }

    private async Task<TranscodeResult> MakeAsync(TrackUploaded track, string original, Copy copy, CancellationToken ct)
    {
        if (await media.BytesAsync(track.TrackId, copy.Format, ct) is { } bytes)
            return new Transcoded(bytes);
        var destination = media.CopyPath(track.TrackId, copy.Format);
        var facts = FactsOf(track);
        for (var attempt = 1; ; attempt++)
        {
            var result = await transcoder.MakeAsync(original, facts, copy, destination, progress: null, ct);
            if (result is Transcoded)
                await media.KeepCopyAsync(track.TrackId, copy.Format, ct);
            // A copy that exceeded a limit would exceed it again.
            if (result is not TranscodeFailed { Code: TranscodeCodes.Failed } || attempt == AttemptsMax)
                return result;
        }
    }

    /// <remarks>They are made again after a restart: that takes less than looking whether the old ones fit.</remarks>
    /// <returns>The stored waveforms; null when there are none. A track can be heard without.</returns>
    private async Task<IReadOnlyList<Waveform>?> DrawAsync(TrackUploaded track, string original, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            switch (await waveformMaker.MakeAsync(original, FactsOf(track), ct))
            {
                case WaveformsMade made:
                    return
                    [
                        await KeepAsync(track.TrackId, TrackFile.WaveformOverview, "overview", made.Overview, ct),
                        await KeepAsync(track.TrackId, TrackFile.WaveformFine, "fine", made.Fine, ct),
                    ];
                case WaveformsFailed { Code: not TranscodeCodes.Failed }:
                case WaveformsFailed when attempt == AttemptsMax:
                    return null;
            }
        }
    }

    private async Task<Waveform> KeepAsync(Guid id, TrackFile file, string level, Peaks peaks, CancellationToken ct)
    {
        var bytes = PeaksFile.Write(peaks);
        await media.KeepCopyAsync(id, file, bytes, ct);
        return new(level, peaks.SamplesPerPoint, peaks.Points, bytes.Length);
    }

    private static AudioFacts FactsOf(TrackUploaded track) =>
        new(
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

    private static string FormatName(Copy copy) =>
        copy.Format switch
        {
            TrackFile.Opus => "opus",
            TrackFile.Mp3 => "mp3",
            _ => throw new ArgumentOutOfRangeException(nameof(copy), copy.Format, "not the format of a copy"),
        };
}
