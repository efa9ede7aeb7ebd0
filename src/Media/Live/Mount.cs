using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>One broadcast on this node: one source writes, many listeners read. Safe from any thread.</summary>
public sealed class Mount
{
    private readonly Lock _gate = new();
    private readonly FrameRing _ring;
    private readonly BroadcastLimits _limits;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<MountEnd> _completion = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly CancellationTokenSource _ending = new();
    private readonly List<SoundFrame> _incoming = [];

    // One task for all waiting listeners; each publication replaces it and completes it.
    private TaskCompletionSource _wake = NewWake();
    private MountSource? _source;
    private ITimer? _grace;
    private volatile MountState _state = MountState.Waiting;
    private int _listeners;
    private long _cuts;

    public Mount(Guid broadcastId, BroadcastFormat format, BroadcastLimits limits, TimeProvider time)
    {
        BroadcastId = broadcastId;
        Format = format;
        _limits = limits;
        _time = time;
        _ring = new FrameRing(limits, time);
        // A source that authenticates and never connects must not leave the mount behind.
        lock (_gate)
            AwaitSource();
    }

    public Guid BroadcastId { get; }
    public BroadcastFormat Format { get; }
    public MountState State => _state;
    public int Listeners => Volatile.Read(ref _listeners);

    /// <summary>How often a slow listener skipped forward, over all listeners.</summary>
    public long Cuts => Interlocked.Read(ref _cuts);

    /// <summary>Completes when the mount has ended.</summary>
    public Task<MountEnd> Completion => _completion.Task;

    /// <summary>Cancelled when the mount ends, so that a source's connection closes immediately.</summary>
    public CancellationToken Ending => _ending.Token;

    internal FrameRing Ring => _ring;
    internal Task NextWake => Volatile.Read(ref _wake).Task;

    /// <summary>Takes the only place for a source.</summary>
    /// <param name="format">It must not change: the listeners have already been sent the content type.</param>
    public ConnectAnswer Connect(BroadcastFormat format, out MountSource? source) =>
        Connect(new SourceSound(format, format.NewFramer()), out source);

    /// <inheritdoc cref="Connect(BroadcastFormat, out MountSource?)"/>
    public ConnectAnswer Connect(SourceSound sound, out MountSource? source)
    {
        source = null;
        lock (_gate)
        {
            if (_state == MountState.Ended)
                return ConnectAnswer.Ended;
            if (_source is not null)
                return ConnectAnswer.InUse;
            if (sound.Format != Format)
                return ConnectAnswer.OtherFormat;
            _grace?.Dispose();
            _grace = null;
            _state = MountState.Live;
            source = _source = new MountSource(this, sound.Framer);
            return ConnectAnswer.Connected;
        }
    }

    /// <returns>Null when the mount has ended or is full.</returns>
    public MountListener? Join()
    {
        if (_state == MountState.Ended)
            return null;
        // Its place in the ring comes first, so that a counted listener gets everything sent from then on.
        var listener = new MountListener(this);
        if (Interlocked.Increment(ref _listeners) <= _limits.ListenersPerStreamMax)
            return listener;
        Interlocked.Decrement(ref _listeners);
        return null;
    }

    /// <summary>Ends the mount. Listeners get the frames that are already here and are then done.</summary>
    public void End(MountEnd reason = MountEnd.Stopped)
    {
        lock (_gate)
        {
            if (_state == MountState.Ended)
                return;
            Close();
        }
        Announce(reason);
    }

    internal bool Publish(MountSource source, IFramer framer, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_source != source)
                return false;
            framer.Write(bytes, _incoming);
            AddIncoming();
        }
        return true;
    }

    internal void Disconnect(MountSource source, IFramer framer)
    {
        lock (_gate)
        {
            if (_source != source)
                return;
            framer.Finish(_incoming);
            AddIncoming();
            _source = null;
            _state = MountState.Interrupted;
            AwaitSource();
        }
    }

    internal void Leave() => Interlocked.Decrement(ref _listeners);

    internal void CountCut() => Interlocked.Increment(ref _cuts);

    private void AddIncoming()
    {
        if (_incoming.Count == 0)
            return;
        foreach (var frame in _incoming)
            _ring.Add(frame);
        _incoming.Clear();
        Wake();
    }

    private void Wake() => Interlocked.Exchange(ref _wake, NewWake()).TrySetResult();

    private void AwaitSource()
    {
        // The timer is its own token: one that fires after a source has come back finds another timer there.
        ITimer? mine = null;
        mine = _grace = _time.CreateTimer(
            _ => GraceIsOver(() => mine),
            null,
            _limits.SourceGrace,
            Timeout.InfiniteTimeSpan
        );
    }

    private void GraceIsOver(Func<ITimer?> timer)
    {
        lock (_gate)
        {
            if (_grace is null || _grace != timer())
                return;
            Close();
        }
        Announce(MountEnd.SourceLost);
    }

    private void Close()
    {
        _state = MountState.Ended;
        _source = null;
        _grace?.Dispose();
        _grace = null;
    }

    private void Announce(MountEnd reason)
    {
        Wake();
        _ending.Cancel();
        _completion.TrySetResult(reason);
    }

    // On the thread pool, or the source's thread would do every listener's write.
    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
