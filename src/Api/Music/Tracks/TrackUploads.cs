using System.Text.Json;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Database;
using Veza.Media;
using Veza.Realtime;

namespace Veza.Api.Music.Tracks;

/// <summary>Receives a track, probes it, stores it and records that. A refused upload leaves no file behind.</summary>
internal sealed class TrackUploads(
    MediaStore media,
    AudioProbe probe,
    OpenSessions sessions,
    long uploadBytesMax,
    long storageBytesMax,
    DiskSpace disk
) : IAsyncDisposable
{
    /// <summary>Files probed at the same time. A probe decodes the whole file, which occupies a core.</summary>
    private static readonly int LooksAtOnceMax = Math.Max(2, Environment.ProcessorCount);

    /// <summary>
    /// Waiting files of one account: as many as the requests a browser sends to one server at a time. Each holds a
    /// staged file.
    /// </summary>
    internal const int LooksWaitingPerAccount = 6;

    /// <summary>
    /// Waiting files of all accounts. The last of them waits 48 minutes if two slots are held by files that take all of
    /// the four minutes that a probe may. An account's seventh file waits seven times as long, still within
    /// <see cref="StagingSweep.AgeMax"/>.
    /// </summary>
    internal const int LooksWaitingMax = 24;

    private static readonly TimeSpan LookRetryAfter = TimeSpan.FromSeconds(10);

    internal FairSlots Looks { get; } =
        new(
            new(
                "track_looks",
                LooksAtOnceMax,
                SlotsPerCaller: LooksAtOnceMax / 2,
                LooksWaitingPerAccount,
                LooksWaitingMax
            )
        );

    public static Refusal TooLarge(string detail) => new("too_large", RefusalKind.TooLarge, detail);

    public async Task<IResult> ReceiveAsync(
        HttpRequest request,
        Caller caller,
        CommandSender commands,
        CancellationToken ct
    )
    {
        // A request that declares too large a body is refused before the body is sent.
        if (request.ContentLength > uploadBytesMax + UploadForm.OverheadBytesMax)
            return Problems.Result(
                TooLarge($"the upload is {request.ContentLength:N0} bytes; MAX_UPLOAD_SIZE is {uploadBytesMax:N0}")
            );
        if (!disk.HasRoomFor(request.ContentLength ?? uploadBytesMax))
            return Problems.Result(Refusals.StorageFull);
        var uploadId = Guid.CreateVersion7();
        using var session = LiveCaller.From(request.HttpContext.User) is { } live
            ? await sessions.TryOpenAsync(live, ct)
            : null;
        if (session is null)
            return Problems.Result(AccountRefusals.SessionEnded);
        using var running = CancellationTokenSource.CreateLinkedTokenSource(ct, session.Ended);
        // An answer would first have to read the rest of the body.
        using var cut = session.Ended.Register(request.HttpContext.Abort);
        try
        {
            var (form, refusal) = await UploadForm.ReadAsync(request, uploadId, media, running.Token);
            if (form is null)
                return Problems.Result(refusal!);
            var command = Command(form, caller);
            if (commands.Shape(command) is { } invalid)
                return Problems.Result(invalid);
            return await LookAsync(form.File.Path, caller, running.Token) switch
            {
                null => Problems.Result(TooManyLooks),
                AudioRejected rejected => Problems.Result(new(rejected.Code, Kind(rejected.Code), rejected.Detail)),
                AudioFacts facts => await KeepAsync(form, command, facts, commands, running.Token),
                var other => throw new InvalidOperationException($"looking at a file answered {other.GetType().Name}"),
            };
        }
        finally
        {
            media.Discard(uploadId);
        }
    }

    public ValueTask DisposeAsync() => Looks.DisposeAsync();

    private static Refusal TooManyLooks { get; } =
        new(
            "too_many_uploads",
            RefusalKind.TooFast,
            $"too many uploads wait to be looked at: at most {LooksWaitingPerAccount} of one account beside {LooksAtOnceMax / 2} under way, "
                + $"and {LooksWaitingMax} of all"
        )
        {
            RetryAfter = LookRetryAfter,
        };

    /// <returns>Null when too many wait for it.</returns>
    private async Task<ProbeResult?> LookAsync(string path, Caller caller, CancellationToken ct)
    {
        using var slot = await Looks.TryEnterAsync(caller.AccountId, ct);
        return slot is null ? null : await probe.ProbeAsync(path, ct);
    }

    /// <summary>The command with the form's fields; the probe adds the properties of the file.</summary>
    private UploadTrack Command(UploadForm form, Caller caller) =>
        new(
            Guid.CreateVersion7(),
            caller.AccountId,
            form.Title,
            form.Genre,
            form.Description,
            form.File.Bytes,
            form.File.Sha256,
            DurationMs: 0,
            Codec: "",
            SampleRateHz: 0,
            Channels: 0,
            Container: null,
            storageBytesMax
        );

    /// <summary>Stores the file before the event names it, so that every reader of the event finds it.</summary>
    private async Task<IResult> KeepAsync(
        UploadForm form,
        UploadTrack said,
        AudioFacts facts,
        CommandSender commands,
        CancellationToken ct
    )
    {
        var id = said.TrackId;
        var command = said with
        {
            DurationMs = facts.DurationMs,
            Codec = facts.Codec,
            SampleRateHz = facts.SampleRateHz,
            Channels = facts.Channels,
            Container = facts.Container,
        };
        var answer = new
        {
            id,
            durationMs = facts.DurationMs,
            codec = facts.Codec,
        };
        var mayBeNamed = false;
        try
        {
            await media.KeepAsync(form.File.UploadId, id, ct);
            var result = await commands.Decide(command, answer, form.Content);
            mayBeNamed = MayName(result, id);
            return CommandSender.Answer(result, answer, StatusCodes.Status201Created);
        }
        finally
        {
            // Also when storing failed: a storage that did not answer may hold the file.
            if (!mayBeNamed)
                await media.DeleteAsync(id, CancellationToken.None);
        }
    }

    /// <summary>Whether the log may name the track: a file that an event names must never be removed.</summary>
    private static bool MayName(CommandResult result, Guid id) =>
        result switch
        {
            // A repeated idempotency key gets the first track's id, whose file is stored already.
            CommandResult.Done { Answer: { } first } => JsonSerializer
                .Deserialize<JsonElement>(first)
                .GetProperty("id")
                .GetGuid() == id,
            CommandResult.Done => true,
            CommandResult.Refused no => no.Refusal.Code == Refusals.OutcomeUnknown("").Code,
            _ => true,
        };

    private static RefusalKind Kind(string code) =>
        code is ProbeCodes.NotAudio or ProbeCodes.HasVideo or ProbeCodes.UnsupportedCodec
            ? RefusalKind.Unsupported
            : RefusalKind.Unprocessable;
}
