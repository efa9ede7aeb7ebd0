using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music;

/// <summary>The refusals of commands about tracks.</summary>
public static class MusicRefusals
{
    /// <summary>Processing takes seconds for a short track and minutes for a long one.</summary>
    private static readonly TimeSpan ProcessingRetryAfter = TimeSpan.FromSeconds(30);

    public static Refusal TooManyProcessing(int processing) =>
        new(
            "too_many_processing",
            RefusalKind.TooFast,
            $"{processing} tracks of this account are being processed; at most {Storage.ProcessingMax} may be at a time"
        )
        {
            RetryAfter = ProcessingRetryAfter,
        };

    public static Refusal QuotaExceeded(long usedBytes, long neededBytes, long bytesMax) =>
        new(
            "quota_exceeded",
            RefusalKind.TooLarge,
            string.Create(
                CultureInfo.InvariantCulture,
                $"the upload needs {neededBytes:N0} bytes with its copies and this account uses {usedBytes:N0}; "
                    + $"MAX_STORAGE_PER_ACCOUNT is {bytesMax:N0}"
            )
        );

    public static Refusal NotProcessing(TrackStatus status) =>
        new(
            "track_not_processing",
            RefusalKind.Conflict,
            $"the track is {status.ToString().ToLowerInvariant()}; only one that is processing can be completed or fail"
        );

    public static Refusal OutsideTrack(string field, long atMs, long durationMs) =>
        new(
            "outside_track",
            RefusalKind.Invalid,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{field} is {atMs:N0}; the track has the moments from 0 to {durationMs:N0} ms"
            )
        )
        {
            Errors = new Dictionary<string, string[]>
            {
                [field] =
                [
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{field} is {atMs:N0}; 0 to {durationMs:N0} are in the track"
                    ),
                ],
            },
        };
}
