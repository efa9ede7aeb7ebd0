using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;
using Veza.Realtime.Engine;
using Veza.Realtime.Music.Charts;
using Veza.Realtime.Presence;

namespace Veza.Realtime;

/// <summary>
/// The live topics, charts and presence over SignalR. SignalR creates one per call.
/// </summary>
/// <remarks>
/// Back-pressure: a stream produces its next message once the previous one is written to the client's socket. Refusals
/// reach the client as <see cref="HubException"/>s with the text <c>code: detail</c>.
/// </remarks>
[Authorize]
public sealed partial class LiveHub(
    LiveEngine engine,
    LiveCharts charts,
    LiveConnections connections,
    PresenceService presence,
    TransientFaults faults,
    TimeProvider clock,
    ILogger<LiveHub> logger
) : Hub
{
    public const string Path = "/hubs/live";

    /// <summary>A stream that ends this soon after a message lay unread for long ended because of it.</summary>
    private static readonly TimeSpan EndsAfterStall = TimeSpan.FromSeconds(2);

    /// <summary>The counters of one connection, whose streams end concurrently.</summary>
    private sealed class Counter
    {
        public int Subscriptions;
        public long StatusAt;
        public long TypedAt;

        /// <returns>False when the last call is more recent than <paramref name="every"/>.</returns>
        public static bool TryPass(ref long at, TimeSpan every, TimeProvider clock)
        {
            if (at != 0 && clock.GetElapsedTime(at) < every)
                return false;
            at = clock.GetTimestamp();
            return true;
        }
    }

    /// <summary>One counted stream. It reports when the stream ends because the client stopped reading.</summary>
    private sealed class Counted(Counter counter, TimeProvider clock, TimeSpan stoppedReadingMax) : IDisposable
    {
        private long? _stalled;

        // Half the limit: the transport ends the connection, and counts from an earlier message that it was still
        // sending.
        public void WasTaken(long handedOut)
        {
            if (clock.GetElapsedTime(handedOut) >= stoppedReadingMax / 2)
                _stalled = clock.GetTimestamp();
        }

        public void Dispose()
        {
            Interlocked.Decrement(ref counter.Subscriptions);
            if (_stalled is { } at && clock.GetElapsedTime(at) < EndsAfterStall)
                LiveMetrics.StoppedReading();
        }
    }

    public override Task OnConnectedAsync()
    {
        if (connections.TryEnter())
            Context.Items[typeof(Counter)] = new Counter();
        else
            Context.Abort();
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        if (Context.Items.ContainsKey(typeof(Counter)))
            connections.Leave();
        if (LiveCaller.From(Context.User) is { } caller)
            presence.Board.Remove(caller.AccountId, Context.ConnectionId);
        return Task.CompletedTask;
    }

    /// <param name="after">The last position the client has; null begins at the head.</param>
    public IAsyncEnumerable<LiveMessage> Subscribe(string[] topics, long? after, CancellationToken ct) =>
        StreamAsync(topics, after, null, ct);

    /// <summary>
    /// <see cref="Subscribe"/> from a known position. It ends with <c>epochChanged</c> when the position is of a
    /// timeline that a failover ended.
    /// </summary>
    /// <remarks>A separate method, as SignalR has no optional arguments.</remarks>
    public IAsyncEnumerable<LiveMessage> Resume(string[] topics, long after, string epoch, CancellationToken ct) =>
        StreamAsync(topics, after, epoch, ct);

    /// <summary>
    /// The current chart, and again after changes, at most once a second. Intermediate states are skipped.
    /// </summary>
    /// <param name="span">Null means the week.</param>
    /// <param name="genre">Null means all genres.</param>
    public async IAsyncEnumerable<LiveMessage> FollowChart(
        string chart,
        string? span,
        string? genre,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        using var counted = Count();
        var caller = Caller(TopicScopes.ForCharts);
        using var session = await OpenAsync(caller, ct);
        if (FollowedChart.Find(chart, span, genre) is not { } found)
            throw Refused(LiveRefusal.ChartInvalid(chart, span, genre));
        using var follower = charts.Follow(found, caller.AccountId, out var refusal) ?? throw Refused(refusal!);
        await using var messages = follower.ReadAsync(session, ct).GetAsyncEnumerator(CancellationToken.None);
        while (await NextAsync(messages))
        {
            var handedOut = clock.GetTimestamp();
            yield return messages.Current;
            counted.WasTaken(handedOut);
        }
    }

    private async IAsyncEnumerable<LiveMessage> StreamAsync(
        string[] topics,
        long? after,
        string? epoch,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        using var counted = Count();
        var outcome = await OrRefusedAsync(engine.SubscribeAsync(Caller(), topics ?? [], after, epoch, ct));
        if (outcome is SubscribeOutcome.Refused no)
            throw Refused(no.Refusal);
        await using var messages = ((SubscribeOutcome.Opened)outcome)
            .Subscription.ReadAsync(ct)
            .GetAsyncEnumerator(CancellationToken.None);
        while (await NextAsync(messages))
        {
            var handedOut = clock.GetTimestamp();
            yield return messages.Current;
            counted.WasTaken(handedOut);
        }
    }

    private Counter Device() =>
        Context.Items.TryGetValue(typeof(Counter), out var found) && found is Counter device
            ? device
            : throw Refused(LiveRefusal.TooManyConnections(connections.Max));

    private LiveCaller Caller() => LiveCaller.From(Context.User) ?? throw Refused(LiveRefusal.NotSignedIn);

    /// <param name="scope">The scope an API key needs beside <c>live:read</c>.</param>
    private LiveCaller Caller(string scope, [CallerMemberName] string method = "")
    {
        var caller = Caller();
        return caller.Missing(scope) is null ? caller : throw Refused(LiveRefusal.ScopeMissing(method, scope));
    }

    /// <summary>
    /// A connection outlives the session that opened it, but serves no calls after the session's end.
    /// </summary>
    private async Task<LiveSession> OpenAsync(LiveCaller caller, CancellationToken ct) =>
        await OrRefusedAsync(engine.Sessions.TryOpenAsync(caller, ct)) ?? throw Refused(LiveRefusal.SessionEnded);

    /// <summary>Counts a stream of this connection until the result is disposed.</summary>
    private Counted Count()
    {
        var counter = Device();
        var max = engine.Limits.SubscriptionsPerConnectionMax;
        if (Interlocked.Increment(ref counter.Subscriptions) <= max)
            return new(counter, clock, engine.Limits.StoppedReadingMax);
        Interlocked.Decrement(ref counter.Subscriptions);
        throw Refused(LiveRefusal.TooManySubscriptions(max));
    }

    /// <summary>
    /// Logs faults of a stream. SignalR's log of them is off, as it reports every refusal as an error.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> NextAsync(IAsyncEnumerator<LiveMessage> messages)
    {
        try
        {
            return await messages.MoveNextAsync();
        }
        catch (Exception fault) when (TransientFaults.Is(fault))
        {
            throw Refused(faults.Refuse(fault));
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            logger.LogError(fault, "A live subscription failed");
            throw;
        }
    }

    /// <summary>
    /// Awaits a call and refuses it after a transient fault, where SignalR would only report that an error occurred.
    /// </summary>
    private async Task<T> OrRefusedAsync<T>(Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (Exception fault) when (TransientFaults.Is(fault))
        {
            throw Refused(faults.Refuse(fault));
        }
    }

    /// <summary>A hub has no problem details, so the text has the code, a colon and the detail.</summary>
    private static HubException Refused(LiveRefusal refusal) => new($"{refusal.Code}: {refusal.Detail}");
}
