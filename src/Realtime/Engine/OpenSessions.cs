using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Realtime.Engine;

/// <summary>
/// Ends the long answers and streams of a session or API key together with it. Each of them is registered here while it
/// runs.
/// </summary>
/// <remarks>
/// Any thread may call it. The tail reports a session's end before any reader sees the event. So an answer that asks
/// <see cref="LiveSession.HasEnded"/> before each page sends nothing after it.
/// </remarks>
public sealed class OpenSessions
{
    private readonly EventLog _log;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Held> _held = [];

    public OpenSessions(EventLog log, TimeProvider clock)
    {
        _log = log;
        _clock = clock;
        var ended = log.Types.Describe(typeof(SessionEnded)).Name;
        log.Tail.Watch(
            e =>
            {
                if (e.Name == ended)
                    End(e.StreamId, e.Position);
            },
            early: true
        );
    }

    /// <summary>Sessions and keys with an open answer or stream on this node.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _held.Count;
        }
    }

    /// <returns>To be disposed when the answer or stream ends; null when the session has ended.</returns>
    public async Task<LiveSession?> TryOpenAsync(LiveCaller caller, CancellationToken ct)
    {
        if (caller.SessionId is not { } id)
            return new(this, id: null, new(), until: null, _clock);
        // Registered before the aggregate is loaded, so that an end in between is seen by one or the other.
        var held = Enter(id);
        Session? session;
        try
        {
            session = await _log.Aggregates.FindAsync<Session>(id, ct);
        }
        catch
        {
            Leave(id, held);
            throw;
        }
        // A refresh moves a sign-in's expiry, and an event reports its end. A key's expiry is fixed.
        DateTimeOffset? until = session is { Scopes: not null } ? session.ExpiresAt : null;
        var opened = new LiveSession(this, id, held, until, _clock);
        if (session is not { Ended: true } && !opened.HasEnded)
            return opened;
        opened.Dispose();
        return null;
    }

    /// <summary>For an answer that is too short to be registered.</summary>
    public async Task<bool> HasEndedAsync(LiveCaller caller, CancellationToken ct)
    {
        using var open = await TryOpenAsync(caller, ct);
        return open is null;
    }

    internal void Leave(Guid id, Held held)
    {
        lock (_gate)
            if (--held.Holders == 0)
                _held.Remove(id);
    }

    private Held Enter(Guid id)
    {
        lock (_gate)
        {
            if (!_held.TryGetValue(id, out var held))
                _held.Add(id, held = new());
            held.Holders++;
            return held;
        }
    }

    private void End(Guid session, long position)
    {
        Held? held;
        lock (_gate)
            if (!_held.TryGetValue(session, out held))
                return;
        held.End(position);
    }

    /// <summary>One session with all its open answers and streams.</summary>
    internal sealed class Held
    {
        private readonly Lock _gate = new();
        private CancellationTokenSource? _ending;
        private long _endedAt;

        /// <summary>Guarded by the lock of <see cref="OpenSessions"/>.</summary>
        public int Holders;

        public long EndedAt => Volatile.Read(ref _endedAt);

        /// <summary>Created on first use: most answers ask before each page instead.</summary>
        public CancellationToken Ended
        {
            get
            {
                lock (_gate)
                {
                    if (EndedAt != 0)
                        return new(canceled: true);
                    return (_ending ??= new()).Token;
                }
            }
        }

        public void End(long position)
        {
            CancellationTokenSource? ending;
            lock (_gate)
            {
                if (EndedAt != 0)
                    return;
                Volatile.Write(ref _endedAt, position);
                ending = _ending;
            }
            // Asynchronously, as the caller is the log's tail.
            _ = ending?.CancelAsync();
        }
    }
}

/// <summary>The session of one open answer or stream. Any thread may call it.</summary>
public sealed class LiveSession : IDisposable
{
    private readonly OpenSessions _sessions;
    private readonly Guid? _id;
    private readonly OpenSessions.Held _held;
    private readonly DateTimeOffset? _until;
    private readonly TimeProvider _clock;
    private int _left;

    internal LiveSession(
        OpenSessions sessions,
        Guid? id,
        OpenSessions.Held held,
        DateTimeOffset? until,
        TimeProvider clock
    )
    {
        _sessions = sessions;
        _id = id;
        _held = held;
        _until = until;
        _clock = clock;
    }

    /// <summary>Whether the session was ended or the key has expired.</summary>
    public bool HasEnded => EndedAt is not null || _until <= _clock.GetUtcNow();

    /// <summary>The position of the event that ended it; null while it is open.</summary>
    public long? EndedAt => _held.EndedAt > 0 ? _held.EndedAt : null;

    /// <summary>Cancelled when an event ends it. A key expires without: ask <see cref="HasEnded"/> too.</summary>
    public CancellationToken Ended => _held.Ended;

    public void Dispose()
    {
        if (_id is { } id && Interlocked.Exchange(ref _left, 1) == 0)
            _sessions.Leave(id, _held);
    }
}
