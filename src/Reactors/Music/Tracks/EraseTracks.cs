using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Reading;
using Veza.Media;
using Veza.Reactors.Running;

namespace Veza.Reactors.Music.Tracks;

/// <summary>Removes the sound files of an account that was erased.</summary>
[Reactor("music.erase_tracks.v1")]
public sealed class EraseTracks(MediaStore media, EventLog log)
{
    /// <summary>Events are handled one at a time, since each reads the whole log.</summary>
    public async Task HandleAsync(
        Appended<AccountErased> appended,
        AppendedEvent<AccountErased> e,
        CancellationToken ct
    )
    {
        var uploads = new LogQuery { Types = log.Types.AliasesOf(typeof(TrackUploaded)) };
        await foreach (var uploaded in log.Reader.ReadAllAsync(uploads, ct))
            if (uploaded.Data is TrackUploaded track && track.OwnerId == e.Data.AccountId)
                await media.DeleteAsync(track.TrackId, ct);
    }
}
