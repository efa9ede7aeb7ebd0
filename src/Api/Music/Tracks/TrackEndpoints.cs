using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Veza.Api.Auth;
using Veza.Api.Connections;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.EventStore;
using Veza.Media;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Follows;
using Veza.Projections.Social.Likes;

namespace Veza.Api.Music.Tracks;

/// <summary>The upload's form for the API description. It is read part by part and never bound as a whole.</summary>
public sealed record UploadTrackForm(string Title, string? Genre, string? Description, IFormFile File);

/// <summary>Upload, reading and download of tracks.</summary>
public static class TrackEndpoints
{
    private static readonly string[] TrackRead = [.. TrackQueries.Reads, .. LikeQueries.MarkReads];

    public static void MapTracks(this IEndpointRouteBuilder api)
    {
        var tracks = api.MapGroup("/tracks").WithTags("Tracks");
        tracks
            .MapPost("", (HttpRequest request, Caller caller, CommandSender commands, CancellationToken ct) =>
                request
                    .HttpContext.RequestServices.GetRequiredService<TrackUploads>()
                    .ReceiveAsync(request, caller, commands, ct)
            )
            .OpensFile()
            .Accepts<UploadTrackForm>("multipart/form-data")
            // The file is bounded by MAX_UPLOAD_SIZE and every other part by its own limit.
            .WithMetadata(new DisableRequestSizeLimitAttribute())
            .Produces(StatusCodes.Status201Created)
            .WithSummary("Upload a track")
            .WithDescription(
                """
                WAV, AIFF, FLAC, ALAC, MP3, AAC/M4A, Ogg Vorbis or Opus, at most MAX_UPLOAD_SIZE bytes: 413
                `too_large`. The file itself decides its format: 415 `not_audio`, `has_video` or
                `unsupported_codec`, 422 `truncated_audio`, `tags_too_large`, `too_long`, `too_complex`,
                `sound_out_of_bounds` or `probe_timeout`. An account has room for MAX_STORAGE_PER_ACCOUNT bytes of
                tracks with their copies: 413 `quota_exceeded`. Uploads at a time are bounded too: 429
                `too_many_uploads` or `too_many_processing`. The answer holds the measured `durationMs` and `codec`.
                The copies for streaming are made afterwards; the track's `status` shows when.
                """
            );

        api.MapGet("/accounts/{accountId:guid}/tracks", OfAccount)
            .WithTags("Tracks")
            .ReadsFrom(TrackRead)
            .AnswersAsOf(TrackRead)
            .AnswersPosition(TrackCountsProjection.ProjectionName)
            .Produces<Page<TrackView>>()
            .WithSummary("List an account's tracks, newest first")
            .WithDescription("Only the owner also sees tracks whose processing failed.");

        var track = tracks.MapGroup("/{trackId:guid}");
        track
            .MapGet("", One)
            .ReadsFrom(TrackRead)
            .AnswersAsOf(TrackRead)
            .AnswersPosition(TrackCountsProjection.ProjectionName)
            .Produces<TrackView>()
            .WithSummary("Read a track");
        // Players ask for the length with HEAD.
        track
            .MapMethods("/audio", [HttpMethods.Get, HttpMethods.Head], Audio)
            .OpensFile()
            .WithMetadata(new AcceptsMediaToken())
            .ReadsFrom(TrackQueries.FileReads)
            .Produces(StatusCodes.Status200OK)
            .Produces(StatusCodes.Status206PartialContent)
            .WithSummary("Download a track's sound")
            .WithDescription(
                """
                `format` is `original` (the uploaded file; the default), `opus` or `mp3`. Supports byte ranges and
                ETags. 404 `rendition_unknown` until the copy is made. An audio element passes a media token.
                """
            );
        track.MapWaveform();
    }

    private static async Task<IResult> One(Guid trackId, Caller caller, HttpContext http, CancellationToken ct)
    {
        var views = http.Views();
        return await new TrackQueries(views).FindAsync(trackId, ct) is { } found
            ? Results.Ok((await new LikeQueries(views).MarkAsync([found], caller.AccountId, ct))[0])
            : Problems.Result(Refusals.Unknown("track", trackId));
    }

    private static async Task<IResult> OfAccount(
        Guid accountId,
        long? before,
        int? limit,
        Caller caller,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        var views = http.Views();
        if (!await new FollowQueries(views).IsAccountAsync(accountId, ct))
            return Problems.Result(Refusals.Unknown("account", accountId));
        var own = accountId == caller.AccountId;
        var found = await new TrackQueries(views).OfAccountAsync(accountId, withFailed: own, before, size + 1, ct);
        found = await new LikeQueries(views).MarkAsync(found, caller.AccountId, ct);
        return Results.Ok(Page.Cut(http, found, size, t => $"before={t.Position}"));
    }

    private static async Task<IResult> Audio(
        Guid trackId,
        string? format,
        TrackQueries queries,
        MediaStore media,
        EventLog log,
        HttpContext http,
        CancellationToken ct
    )
    {
        format ??= "original";
        TrackFile? file = format switch
        {
            "original" => TrackFile.Original,
            "opus" => TrackFile.Opus,
            "mp3" => TrackFile.Mp3,
            _ => null,
        };
        if (file is null)
            return Problems.Result(
                Problems.Invalid("format", $"format is \"{format}\"; original, opus and mp3 are served")
            );
        if (await queries.FilesAsync(trackId, ct) is not { } track)
            return Problems.Result(Refusals.Unknown("track", trackId));
        // The files of an erased account are being removed; any other missing file is a fault of the disk.
        if (await log.Aggregates.FindAsync<Account>(track.OwnerId, ct) is { Erased: true })
            return Problems.Result(Refusals.Unknown("track", trackId));
        if (file != TrackFile.Original && !track.Formats.Contains(format))
            return Problems.Result(RenditionUnknown(format, track.Status));

        http.Response.Headers.XContentTypeOptions = "nosniff";
        // With a token in the address, a shared cache could take the answer for a public one.
        http.Response.Headers.CacheControl = "private";
        return Results.Stream(
            await media.OpenAsync(trackId, file.Value, ct),
            ContentType(file.Value, track.Container),
            lastModified: track.CreatedAt,
            entityTag: new EntityTagHeaderValue($"\"{track.Sha256}-{format}\""),
            enableRangeProcessing: true
        );
    }

    private static Refusal RenditionUnknown(string format, TrackStatus status) =>
        new(
            "rendition_unknown",
            RefusalKind.Unknown,
            $"there is no {format} copy of this track, which is {status.ToString().ToLowerInvariant()}"
        );

    private static string ContentType(TrackFile file, string? container) =>
        (file, container) switch
        {
            (TrackFile.Opus, _) => "audio/ogg; codecs=opus",
            (TrackFile.Mp3, _) or (_, "mp3") => "audio/mpeg",
            (_, "wav") => "audio/wav",
            (_, "aiff") => "audio/aiff",
            (_, "flac") => "audio/flac",
            (_, "mp4") => "audio/mp4",
            (_, "aac") => "audio/aac",
            (_, "ogg") => "audio/ogg",
            _ => "application/octet-stream",
        };
}
