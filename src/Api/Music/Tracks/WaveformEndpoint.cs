using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Net.Http.Headers;
using Veza.Api.Connections;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.EventStore;
using Veza.Media;
using Veza.Media.Waveforms;
using Veza.Projections.Music.Tracks;

namespace Veza.Api.Music.Tracks;

/// <summary>The peaks in the JSON of BBC audiowaveform, whose names these are.</summary>
/// <param name="Length">Of pairs of numbers in <paramref name="Data"/>.</param>
/// <param name="Data">Lowest and highest of the first point, then of the second …; −128 to 127.</param>
public sealed record PeaksView(
    [property: JsonPropertyName("version")] int Version,
    [property: JsonPropertyName("channels")] int Channels,
    [property: JsonPropertyName("sample_rate")] int SampleRate,
    [property: JsonPropertyName("samples_per_pixel")] int SamplesPerPixel,
    [property: JsonPropertyName("bits")] int Bits,
    [property: JsonPropertyName("length")] int Length,
    [property: JsonPropertyName("data")] IReadOnlyList<int> Data
);

/// <summary>The drawing of a track's sound.</summary>
internal static class WaveformEndpoint
{
    private const string Dat = "application/octet-stream";

    /// <summary>The peaks of a track never change.</summary>
    private const string Cached = "private, max-age=31536000, immutable";

    public static void MapWaveform(this IEndpointRouteBuilder track) =>
        track
            .MapGet("/waveform", Waveform)
            .OpensFile()
            .ReadsFrom(TrackQueries.WaveformReads)
            .Produces<PeaksView>(StatusCodes.Status200OK, "application/json", Dat)
            .WithSummary("Read a track's waveform")
            .WithDescription(
                """
                Peaks in the format of BBC audiowaveform, 8 bits, all channels mixed: JSON, or the binary `.dat` version
                2 for `Accept: application/octet-stream`. `level` is `overview` (about 1,800 points; the default) or
                `fine` (eight times as many). It never changes. 404 `waveform_unknown` until it is made, and for a track
                without one.
                """
            );

    private static async Task<IResult> Waveform(
        Guid trackId,
        string? level,
        TrackQueries queries,
        MediaStore media,
        EventLog log,
        HttpContext http,
        CancellationToken ct
    )
    {
        level ??= "overview";
        TrackFile? file = level switch
        {
            "overview" => TrackFile.WaveformOverview,
            "fine" => TrackFile.WaveformFine,
            _ => null,
        };
        if (file is null)
            return Problems.Result(Problems.Invalid("level", $"level is \"{level}\"; overview and fine are served"));
        if (await queries.FilesAsync(trackId, ct) is not { } track)
            return Problems.Result(Refusals.Unknown("track", trackId));
        // The files of an erased account are being removed; any other missing file is a fault of the disk.
        if (await log.Aggregates.FindAsync<Account>(track.OwnerId, ct) is { Erased: true })
            return Problems.Result(Refusals.Unknown("track", trackId));
        if (!(await queries.WaveformsAsync(trackId, ct)).Any(w => w.Level == level))
            return Problems.Result(WaveformUnknown(level, track.Status));

        var bytes = await ReadAsync(media, trackId, file.Value, ct);
        var dat = PrefersDat(http.Request);
        http.Response.Headers.CacheControl = Cached;
        http.Response.Headers.Vary = HeaderNames.Accept;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(
            dat ? bytes : JsonSerializer.SerializeToUtf8Bytes(ViewOf(PeaksFile.Read(bytes))),
            dat ? Dat : "application/json",
            lastModified: track.CreatedAt,
            entityTag: new EntityTagHeaderValue($"\"{track.Sha256}-{level}-{(dat ? "dat" : "json")}\"")
        );
    }

    private static async Task<byte[]> ReadAsync(MediaStore media, Guid trackId, TrackFile file, CancellationToken ct)
    {
        await using var stored = await media.OpenAsync(trackId, file, ct);
        var bytes = new byte[stored.Length];
        await stored.ReadExactlyAsync(bytes, ct);
        return bytes;
    }

    private static bool PrefersDat(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return QualityOf(Dat) > QualityOf("application/json");

        double QualityOf(string type) =>
            accepted.Where(a => a.MediaType == type).Max(a => (double?)(a.Quality ?? 1)) ?? 0;
    }

    private static PeaksView ViewOf(Peaks peaks)
    {
        var data = new int[peaks.Extremes.Length];
        for (var i = 0; i < data.Length; i++)
            data[i] = peaks.Extremes.Span[i];
        return new(
            PeaksFile.Version,
            PeaksFile.Channels,
            peaks.SampleRateHz,
            peaks.SamplesPerPoint,
            PeaksFile.Bits,
            peaks.Points,
            data
        );
    }

    private static Refusal WaveformUnknown(string level, TrackStatus status) =>
        new(
            "waveform_unknown",
            RefusalKind.Unknown,
            $"there is no {level} waveform of this track, which is {status.ToString().ToLowerInvariant()}"
        );
}
