using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music;

public static class MusicRefusals
{
    public static Refusal NotProcessing(TrackStatus status) =>
        new("track_not_processing", RefusalKind.Conflict, $"the track is {status.ToString().ToLowerInvariant()}; only one that is processing can be completed or fail");

    public static Refusal OutsideTrack(string field, long atMs, long durationMs) => new("outside_track", RefusalKind.Invalid,
        string.Create(CultureInfo.InvariantCulture, $"{field} is {atMs:N0}; the track has the moments from 0 to {durationMs:N0} ms"))
    {
        Errors = new Dictionary<string, string[]> { [field] = [string.Create(CultureInfo.InvariantCulture, $"{field} is {atMs:N0}; 0 to {durationMs:N0} are in the track")] },
    };
}
