using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.EventStore;
using Veza.EventStore.Reactions;
using Veza.Media;

namespace Veza.Api.Music.Tracks;

/// <summary>Removes the sound files of an account that was erased.</summary>
public sealed class EraseTracks(MediaStore media, EventLog log) : IReaction
{
    public string Name => "music.erase_tracks.v1";
    public IReadOnlySet<Type> Events { get; } = new HashSet<Type> { typeof(AccountErased) };

    /// <summary>Each looks at the whole log.</summary>
    public int ConcurrencyMax => 1;

    public async Task ReactAsync(RecordedEvent e, CancellationToken ct)
    {
        var account = ((AccountErased)e.Data!).AccountId;
        await foreach (var uploaded in log.Reader.ReadAllAsync(new() { Types = log.Types.AliasesOf(typeof(TrackUploaded)) }, ct))
            if (uploaded.Data is TrackUploaded track && track.OwnerId == account) await media.DeleteAsync(track.TrackId, ct);
    }
}
