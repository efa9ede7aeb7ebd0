using Veza.EventStore.Concurrency;
using Veza.Media.Live;
using Veza.Realtime;

namespace Veza.Api.Live.Broadcasts;

/// <summary>Sends the level of an Opus broadcast to its followers while there are any.</summary>
/// <remarks>
/// One loop serves all broadcasts on this node and their followers on this node. It rests at least as long as it
/// worked, so it never takes more than half a core. A late meter skips forward.
/// </remarks>
public sealed class BroadcastLevels(
    Mounts mounts,
    LiveEngine engine,
    TimeProvider clock,
    ILogger<BroadcastLevels> logger
) : BackgroundService
{
    /// <summary>Five a second: what an eye follows, and twice within the 400 ms of the momentary loudness.</summary>
    public static readonly TimeSpan LevelEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Interval at which a meter without a slot retries and followers learn why there are no numbers.
    /// </summary>
    public static readonly TimeSpan UnmeteredEvery = TimeSpan.FromSeconds(10);

    /// <summary>Broadcasts metered at the same time: a third of a core at 0.5 % each.</summary>
    public const int MetersAtOnce = 64;

    /// <summary>Maximum of these that are metered on behalf of one account.</summary>
    public const int MetersPerAccount = 8;

    /// <summary>
    /// Levels sent to all followers together: at 16 µs each, a sixth of a core. With more followers, each receives
    /// levels less often.
    /// </summary>
    public const int LevelsPerSecondMax = 10_000;

    /// <summary>Followers whose share is tried for a slot in one attempt; the others follow next time.</summary>
    private const int AccountsAskedMax = 8;

    /// <summary>A pass may be a little early; without this every other one would be skipped.</summary>
    private static readonly TimeSpan Early = LevelEvery / 10;

    private const string TooMany = "too_many";
    private const string ChannelMapping = "channel_mapping";

    private readonly FairSlots _slots = new(
        new("broadcast_meters", MetersAtOnce, MetersPerAccount, WaitingPerCaller: 0, WaitingMax: 0)
    );
    private readonly Dictionary<Mount, Followed> _followed = [];
    private int _followers;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var before = clock.GetTimestamp();
        var rest = LevelEvery;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(rest, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
                break;
            var now = clock.GetTimestamp();
            var passed = await TryPassAsync(before, now, stoppingToken);
            rest = passed ? RestAfter(clock.GetElapsedTime(now)) : UnmeteredEvery;
            before = now;
        }
        foreach (var followed in _followed.Values)
            followed.Release();
    }

    internal static TimeSpan RestAfter(TimeSpan worked) => worked + worked > LevelEvery ? worked : LevelEvery - worked;

    private async Task<bool> TryPassAsync(long before, long now, CancellationToken ct)
    {
        try
        {
            await PassAsync(before, now, ct);
            return true;
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            logger.LogError(fault, "Metering the broadcasts failed and is tried again");
            return false;
        }
    }

    private async Task PassAsync(long before, long now, CancellationToken ct)
    {
        var every = EveryFor(_followers);
        var here = mounts.All();
        _followers = 0;
        foreach (var mount in here)
        {
            var followers = engine.FollowersOf(mount.BroadcastId);
            if (followers == 0)
                Forget(mount);
            else if (await FindAsync(mount, now, ct) is { } followed)
            {
                _followers += followers;
                followed.Meter?.Hear(clock.GetElapsedTime(before, now));
                if (IsDue(followed, now))
                    Tell(followed, every, now);
            }
        }
        foreach (var gone in _followed.Keys.Except(here).ToList())
            Forget(gone);
    }

    /// <param name="followers">Of all broadcasts that have a meter.</param>
    internal static TimeSpan EveryFor(int followers)
    {
        var paced = TimeSpan.FromSeconds((double)followers / LevelsPerSecondMax);
        return paced > LevelEvery ? paced : LevelEvery;
    }

    private bool IsDue(Followed followed, long now) => clock.GetElapsedTime(followed.ToldAt, now) >= followed.Pause;

    /// <returns>Null for a broadcast that cannot have a meter.</returns>
    private async Task<Followed?> FindAsync(Mount mount, long now, CancellationToken ct)
    {
        if (!_followed.TryGetValue(mount, out var followed))
        {
            if (!OpusMeter.CanMeter(mount))
                return null;
            followed = _followed[mount] = new(mount.BroadcastId);
        }
        if (followed.Meter is not null || !IsDue(followed, now))
            return followed;
        followed.Slot = await SlotAsync(mount.BroadcastId, ct);
        if (followed.Slot is not null)
            followed.Meter = OpusMeter.Of(mount);
        return followed;
    }

    private async Task<IDisposable?> SlotAsync(Guid broadcastId, CancellationToken ct)
    {
        foreach (var account in engine.AccountsAmongFollowersOf(broadcastId, AccountsAskedMax))
            if (await _slots.TryEnterAsync(account, ct) is { } slot)
                return slot;
        return null;
    }

    private void Tell(Followed followed, TimeSpan every, long now)
    {
        switch (followed.Meter)
        {
            case null:
                TellUnmetered(followed, TooMany, now);
                break;
            case { State: MeterState.ChannelMapping }:
                TellUnmetered(followed, ChannelMapping, now);
                break;
            case { State: MeterState.OtherCodec }:
                TellUnmetered(followed, why: null, now);
                break;
            case { } meter when meter.Take() is { } level:
                engine.Tell(
                    new LiveMessage.BroadcastLevel(
                        followed.BroadcastId,
                        clock.GetUtcNow(),
                        Tenths(level.SamplePeakDbfs),
                        Tenths(level.MomentaryLufs)
                    )
                );
                followed.ToldAt = now;
                followed.Pause = every - Early;
                break;
        }
    }

    /// <summary>Sends no level, and frees the slot for another broadcast until the next attempt.</summary>
    /// <param name="why">Null for another codec, which followers know already.</param>
    private void TellUnmetered(Followed followed, string? why, long now)
    {
        if (why is not null)
            engine.Tell(
                new LiveMessage.BroadcastLevel(
                    followed.BroadcastId,
                    clock.GetUtcNow(),
                    SamplePeakDbfs: null,
                    MomentaryLufs: null,
                    why
                )
            );
        followed.Release();
        followed.ToldAt = now;
        followed.Pause = UnmeteredEvery;
    }

    /// <summary>No meter shows more digits. Adding zero makes −0 a 0.</summary>
    private static double Tenths(double db) => Math.Round(db, 1) + 0.0;

    private void Forget(Mount mount)
    {
        if (_followed.Remove(mount, out var followed))
            followed.Release();
    }

    /// <summary>A broadcast with followers.</summary>
    private sealed class Followed(Guid broadcastId)
    {
        public Guid BroadcastId => broadcastId;

        /// <summary>Null while it has no slot.</summary>
        public OpusMeter? Meter { get; set; }

        public IDisposable? Slot { get; set; }

        public long ToldAt { get; set; }

        /// <summary>Time from the last message until the next may be sent.</summary>
        public TimeSpan Pause { get; set; }

        public void Release()
        {
            Slot?.Dispose();
            Slot = null;
            Meter = null;
        }
    }
}
