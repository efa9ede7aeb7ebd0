using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Veza.Commands.Accounts;
using Veza.EventStore.Concurrency;
using Veza.Realtime;

namespace Veza.Api.Http;

/// <summary>
/// An answer that lasts as long as its client reads: the log, an export, server-sent events. It ends with its
/// connection, its host or the session that asked. A client that reads too slowly is cut off.
/// </summary>
/// <remarks>
/// For one writer at a time. An early end throws <see cref="OperationCanceledException"/> and sets
/// <see cref="IsOver"/>.
/// </remarks>
internal sealed class LongAnswer : IDisposable
{
    /// <summary>
    /// Bytes written before waiting for the client, which has <see cref="RealtimeLimits.StoppedReadingMax"/> to take
    /// them. Less than 3.3 kB a second is slower than any network that a page of the log is worth fetching over.
    /// </summary>
    public const int FlushBytes = 64 << 10;

    private readonly HttpContext _http;
    private readonly RealtimeLimits _limits;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _ending;
    private bool _cut;

    private LongAnswer(
        HttpContext http,
        LiveSession session,
        RealtimeLimits limits,
        TimeProvider clock,
        CancellationToken stopping
    )
    {
        _http = http;
        Session = session;
        _limits = limits;
        _clock = clock;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping, session.Ended);
    }

    public LiveSession Session { get; }

    public PipeWriter Body => _http.Response.BodyWriter;

    /// <summary>Cancelled when the client disconnects, the host stops, or the session ends.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>It ended before everything was written, and not by a fault.</summary>
    public bool IsOver =>
        _cut || Session.HasEnded || _ending.IsCancellationRequested || _http.RequestAborted.IsCancellationRequested;

    /// <returns>Null when the request was refused because its session has ended.</returns>
    public static async Task<LongAnswer?> TryOpenAsync(HttpContext http)
    {
        var services = http.RequestServices;
        var session = LiveCaller.From(http.User) is { } caller
            ? await services.GetRequiredService<OpenSessions>().TryOpenAsync(caller, http.RequestAborted)
            : null;
        if (session is null)
        {
            await Problems.WriteAsync(http, AccountRefusals.SessionEnded);
            return null;
        }
        var limits = services.GetRequiredService<RealtimeLimits>();
        var clock = services.GetRequiredService<TimeProvider>();
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        return Open(http, session, limits, clock, stopping);
    }

    internal static LongAnswer Open(
        HttpContext http,
        LiveSession session,
        RealtimeLimits limits,
        TimeProvider clock,
        CancellationToken stopping
    ) => new(http, session, limits, clock, stopping);

    /// <param name="atOnce">Each flush sends immediately, however little was written.</param>
    public void Begin(string contentType, bool atOnce)
    {
        _http.Response.ContentType = contentType;
        _http.Response.Headers.CacheControl = "no-store";
        if (atOnce)
            _http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    /// <summary>Waits until the client has taken the written bytes, up to the time limit.</summary>
    /// <exception cref="OperationCanceledException">The answer is over.</exception>
    public ValueTask FlushAsync()
    {
        if (Session.HasEnded)
            throw new OperationCanceledException("the session has ended");
        return FlushAsync(Ending);
    }

    /// <summary>Flushes a last message about the end of the session, which therefore does not stop it.</summary>
    public ValueTask FlushLastWordsAsync() => FlushAsync(_http.RequestAborted);

    public void Dispose()
    {
        _ending.Dispose();
        Session.Dispose();
    }

    private async ValueTask FlushAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var flush = Body.FlushAsync(ct);
        if (flush.IsCompleted)
        {
            await flush;
            return;
        }
        if (await flush.AsTask().EndsWithinAsync(_limits.StoppedReadingMax, _clock, ct))
            return;
        LiveMetrics.StoppedReading();
        _cut = true;
        _http.Abort();
        throw new OperationCanceledException(
            $"the client took less than {FlushBytes} bytes in {_limits.StoppedReadingMax}"
        );
    }
}
