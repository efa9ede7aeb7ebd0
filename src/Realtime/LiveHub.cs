using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;
using Veza.Realtime.Music.Charts;
using Veza.Realtime.Presence;

namespace Veza.Realtime;

/// <summary>
/// The live topics over SignalR. A stream's next message is made when the one before has been written to the client's
/// socket.
/// </summary>
[Authorize]
public sealed partial class LiveHub(
    LiveEngine engine,
    LiveCharts charts,
    LiveConnections connections,
    PresenceService presence,
    TransientFaults momentary,
    TimeProvider clock,
    ILogger<LiveHub> logger
) : Hub
{
    public const string Path = "/hubs/live";

    /// <summary>What ends so soon after a message lay unread for long was ended for that.</summary>
    private static readonly TimeSpan EndsAfterStall = TimeSpan.FromSeconds(2);

    /// <summary>Of one connection; its streams end concurrently.</summary>
    private sealed class Counter
    {
        public int Subscriptions;
        public long StatusAt;
        public long TypedAt;

        /// <returns>False when the last time is not yet so long ago.</returns>
        public static bool MayTell(ref long at, TimeSpan every, TimeProvider clock)
        {
            if (at != 0 && clock.GetElapsedTime(at) < every)
                return false;
            at = clock.GetTimestamp();
            return true;
        }
    }

    /// <summary>One stream, and whether it ended because its client took nothing.</summary>
    private sealed class Counted(Counter counter, TimeProvider clock, TimeSpan stoppedReadingMax) : IDisposable
    {
        private long? _stalled;

        // The transport, which ends the connection, counts from an earlier message that it was still sending.
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
    /// As <see cref="Subscribe"/>, and is told when <paramref name="after"/> belongs to a history that was forked
    /// since.
    /// </summary>
    /// <remarks>A method of its own, as SignalR knows no optional arguments.</remarks>
    public IAsyncEnumerable<LiveMessage> Resume(string[] topics, long after, string epoch, CancellationToken ct) =>
        StreamAsync(topics, after, epoch, ct);

    /// <summary>
    /// The chart as it is, and again whenever it has changed, at most once a second: the newest, whatever it was in
    /// between.
    /// </summary>
    /// <param name="span">Null is the week.</param>
    /// <param name="genre">Null is all.</param>
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

    /// <param name="scope">What an API key needs for this beside <c>live:read</c>.</param>
    private LiveCaller Caller(string scope, [CallerMemberName] string method = "")
    {
        var caller = Caller();
        return caller.Missing(scope) is null ? caller : throw Refused(LiveRefusal.ScopeMissing(method, scope));
    }

    /// <summary>A connection outlives the session that opened it; nothing more is done over it then.</summary>
    private async Task<LiveSession> OpenAsync(LiveCaller caller, CancellationToken ct) =>
        await OrRefusedAsync(engine.Sessions.TryOpenAsync(caller, ct)) ?? throw Refused(LiveRefusal.SessionEnded);

    /// <summary>Counts a stream of this connection until it is disposed of.</summary>
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
    /// SignalR's own log of what ends a stream is off, as it takes every refusal for a fault; faults are told here.
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
            throw Refused(momentary.Refuse(fault));
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            logger.LogError(fault, "A live subscription failed");
            throw;
        }
    }

    /// <summary>
    /// Waits for what was asked; what fails for a reason of the moment is refused, where SignalR would only say that an
    /// error occurred.
    /// </summary>
    private async Task<T> OrRefusedAsync<T>(Task<T> asked)
    {
        try
        {
            return await asked;
        }
        catch (Exception fault) when (TransientFaults.Is(fault))
        {
            throw Refused(momentary.Refuse(fault));
        }
    }

    /// <summary>A hub has no problem details; its error's text is the code, a colon and the detail.</summary>
    private static HubException Refused(LiveRefusal refusal) => new($"{refusal.Code}: {refusal.Detail}");
}
