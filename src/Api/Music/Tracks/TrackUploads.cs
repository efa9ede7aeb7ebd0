using System.Text.Json;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.Media;

namespace Veza.Api.Music.Tracks;

/// <summary>Takes a track in: receive, look, keep, and say that it happened. Whatever is refused leaves no file behind.</summary>
internal sealed class TrackUploads(MediaStore media, AudioProbe probe, EndedSessions sessions, long uploadBytesMax)
{
    /// <summary>Files looked at at the same time. Looking decodes the whole file, which takes a processor of its own.</summary>
    private static readonly int LooksAtOnceMax = Math.Max(2, Environment.ProcessorCount);

    private readonly SemaphoreSlim _looks = new(LooksAtOnceMax);

    public static Refusal TooLarge(string detail) => new("too_large", RefusalKind.TooLarge, detail);

    public async Task<IResult> ReceiveAsync(HttpRequest request, Caller caller, Sender commands, CancellationToken ct)
    {
        // What says itself that it is too large need not be sent first.
        if (request.ContentLength > uploadBytesMax + UploadForm.OverheadBytesMax)
            return Problems.Result(TooLarge($"the upload is {request.ContentLength:N0} bytes; MAX_UPLOAD_SIZE is {uploadBytesMax:N0}"));
        var uploadId = Guid.CreateVersion7();
        var running = sessions.Join(caller.SessionId, ct);
        // An answer would first have to read what is still coming.
        using var cut = running.Token.Register(request.HttpContext.Abort);
        try
        {
            var (form, refusal) = await UploadForm.ReadAsync(request, uploadId, media, running.Token);
            if (form is null) return Problems.Result(refusal!);
            return await LookAsync(form.File.Path, running.Token) switch
            {
                AudioRejected rejected => Problems.Result(new(rejected.Code, Kind(rejected.Code), rejected.Detail)),
                AudioFacts facts => await KeepAsync(form, facts, caller, commands),
                var other => throw new InvalidOperationException($"looking at a file answered {other.GetType().Name}"),
            };
        }
        finally
        {
            sessions.Leave(running);
            media.Discard(uploadId);
        }
    }

    private async Task<ProbeResult> LookAsync(string path, CancellationToken ct)
    {
        await _looks.WaitAsync(ct);
        try { return await probe.ProbeAsync(path, ct); }
        finally { _looks.Release(); }
    }

    /// <summary>The file is in its place before the event says so: whoever acts on the event finds it there.</summary>
    private async Task<IResult> KeepAsync(UploadForm form, AudioFacts facts, Caller caller, Sender commands)
    {
        var id = Guid.CreateVersion7();
        var command = new UploadTrack(id, caller.AccountId, form.Title, form.Genre, form.Description, form.File.Bytes, form.File.Sha256,
            facts.DurationMs, facts.Codec, facts.SampleRateHz, facts.Channels, facts.Container);
        var answer = new { id, durationMs = facts.DurationMs, codec = facts.Codec };
        var mayBeNamed = false;
        media.Keep(form.File.UploadId, id);
        try
        {
            var result = await commands.Decide(command, answer, form.Content);
            mayBeNamed = MayName(result, id);
            return Sender.Answer(result, answer, StatusCodes.Status201Created);
        }
        finally
        {
            if (!mayBeNamed) media.Delete(id);
        }
    }

    /// <summary>Whether the log names the track, or may do so: a file that an event names must never be removed.</summary>
    private static bool MayName(CommandResult result, Guid id) => result switch
    {
        // A repeated idempotency key is answered with the first track's id, whose file is there already.
        CommandResult.Done { Answer: { } first } => JsonSerializer.Deserialize<JsonElement>(first).GetProperty("id").GetGuid() == id,
        CommandResult.Done => true,
        CommandResult.Refused no => no.Refusal.Code == Refusals.OutcomeUnknown("").Code,
        _ => true,
    };

    private static RefusalKind Kind(string code) => code is ProbeCodes.NotAudio or ProbeCodes.HasVideo or ProbeCodes.UnsupportedCodec
        ? RefusalKind.Unsupported
        : RefusalKind.Unprocessable;
}
