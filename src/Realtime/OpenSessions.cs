using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Realtime;

/// <summary>
/// Ends what a session or an API key holds open when it ends: every answer and every stream that outlasts its request
/// is entered here for as long as it goes on.
/// </summary>
/// <remarks>
/// All members are safe from any thread. The log's tail says when a session ends, before any reader sees that event,
/// so what asks <see cref="LiveSession.HasEnded"/> before each page hands out nothing after it.
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

    /// <summary>Sessions and keys that hold something open here.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _held.Count;
        }
    }

    /// <returns>To be disposed when what it holds open is over; null when the session has ended.</returns>
    public async Task<LiveSession?> TryOpenAsync(LiveCaller caller, CancellationToken ct)
    {
        if (caller.SessionId is not { } id)
            return new(this, id: null, new(), until: null, _clock);
        // Entered before the model is asked: a session that ends in between is seen by one or by the other.
        var held = Enter(id);
        Session? session;
        try
        {
            session = (await _log.Models.LoadAsync(typeof(Session), id, ct)).State as Session;
        }
        catch
        {
            Leave(id, held);
            throw;
        }
        // A sign-in's end moves on whenever it is refreshed, and what ends it says so; a key's end stands.
        DateTimeOffset? until = session is { Scopes: not null } ? session.ExpiresAt : null;
        var opened = new LiveSession(this, id, held, until, _clock);
        if (session is not { Ended: true } && !opened.HasEnded)
            return opened;
        opened.Dispose();
        return null;
    }

    /// <summary>For what is over at once.</summary>
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

    /// <summary>One session, however much it holds open.</summary>
    internal sealed class Held
    {
        private readonly Lock _gate = new();
        private CancellationTokenSource? _ending;
        private long _endedAt;

        /// <summary>Kept under the lock of <see cref="OpenSessions"/>.</summary>
        public int Holders;

        public long EndedAt => Volatile.Read(ref _endedAt);

        /// <summary>Made when it is first asked for: most that is open asks before each page instead.</summary>
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
            // What ends with it runs elsewhere: the caller is the log's tail.
            _ = ending?.CancelAsync();
        }
    }
}

/// <summary>What one answer or stream knows of the session it belongs to.</summary>
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

    /// <summary>It was ended, or it is a key whose time is over.</summary>
    public bool HasEnded => EndedAt is not null || _until <= _clock.GetUtcNow();

    /// <summary>The position of the event that ended it; null while it goes on.</summary>
    public long? EndedAt => _held.EndedAt is > 0 and var position ? position : null;

    /// <summary>Cancelled when it is ended. A key's time runs out without it: ask <see cref="HasEnded"/> too.</summary>
    public CancellationToken Ended => _held.Ended;

    public void Dispose()
    {
        if (_id is { } id && Interlocked.Exchange(ref _left, 1) == 0)
            _sessions.Leave(id, _held);
    }
}
