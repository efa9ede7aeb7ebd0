using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Auth;

/// <summary>
/// The ended sessions whose tokens may still be valid. The log's tail adds them, so every node knows one as soon as it
/// sees the event. Safe from any thread.
/// </summary>
public sealed class EndedSessions(EventLog log, TimeProvider clock) : IHostedService
{
    /// <summary>
    /// Sessions remembered, at about 100 bytes each. Ending one costs a sign-in, so a node sees some thousands in a
    /// token's life.
    /// </summary>
    public const int SessionsMax = 200_000;

    /// <summary>
    /// How long a token of an ended session can still be valid: its life, and the clock skew when it is made and when
    /// it is presented.
    /// </summary>
    private static readonly TimeSpan Kept = AccessTokens.Life + 2 * AccessTokens.ClockSkew;

    private readonly System.Collections.Concurrent.ConcurrentDictionary<Guid, DateTimeOffset> _ended = new();
    private readonly Queue<(Guid Session, DateTimeOffset At)> _order = new();
    private readonly Lock _gate = new();
    private long _refusedUntilTicks;

    public int Count => _ended.Count;

    public bool Has(Guid session) => _ended.ContainsKey(session);

    /// <summary>
    /// Whether a token is so old that its session may be among those evicted to stay within <see cref="SessionsMax"/>.
    /// </summary>
    public bool IsTooOldToTell(AccessToken token) => token.IssuedAt.UtcTicks <= Volatile.Read(ref _refusedUntilTicks);

    public async Task StartAsync(CancellationToken ct)
    {
        var ended = log.Types.Describe(typeof(SessionEnded));
        log.Tail.Watch(
            e =>
            {
                if (e.Name == ended.Name)
                    Add(e.StreamId, e.At);
            },
            atOnce: true
        );
        var head = log.Head;
        var after = await log.Reader.PositionBeforeAsync(clock.GetUtcNow() - Kept, ct);
        await foreach (var e in log.Reader.ReadAllAsync(new(after, head) { Types = [.. ended.Aliases] }, ct))
            Add(e.StreamId, e.At);
    }

    public Task StopAsync(CancellationToken ct) => Task.CompletedTask;

    private void Add(Guid session, DateTimeOffset at)
    {
        lock (_gate)
        {
            if (_ended.TryAdd(session, at))
                _order.Enqueue((session, at));
            var over = clock.GetUtcNow() - Kept;
            while (_order.TryPeek(out var oldest) && (oldest.At < over || _order.Count > SessionsMax))
            {
                // Evicted too early: its tokens are refused by age, together with tokens of other sessions that are as
                // old. Those sessions refresh and go on.
                if (oldest.At >= over)
                    Volatile.Write(
                        ref _refusedUntilTicks,
                        Math.Max(_refusedUntilTicks, (oldest.At + AccessTokens.ClockSkew).UtcTicks)
                    );
                _order.Dequeue();
                _ended.TryRemove(oldest.Session, out _);
            }
        }
    }
}
