using System.Collections.Immutable;

namespace Veza.Domain.Live.Broadcasts;

/// <summary>Waiting for its first source, live, interrupted while its source is away, or ended for good.</summary>
public enum BroadcastStatus
{
    Waiting,
    Live,
    Interrupted,
    Ended,
}

/// <summary>What must be known of a broadcast to decide about it.</summary>
public sealed record Broadcast(Guid Id, Guid OwnerId, BroadcastStatus Status)
{
    public const int TitleMax = 200;

    /// <summary>
    /// Broadcasts of one account that have not ended: a station's channels. Each may hold 1 MB of sound in memory.
    /// </summary>
    public const int OpenMax = 10;

    public static Broadcast Create(BroadcastCreated e) => new(e.BroadcastId, e.OwnerId, BroadcastStatus.Waiting);

    public Broadcast Apply(BroadcastStarted _) => this with { Status = BroadcastStatus.Live };

    public Broadcast Apply(BroadcastInterrupted _) => this with { Status = BroadcastStatus.Interrupted };

    public Broadcast Apply(BroadcastResumed _) => this with { Status = BroadcastStatus.Live };

    public Broadcast Apply(BroadcastEnded _) => this with { Status = BroadcastStatus.Ended };
}

/// <summary>Why a broadcast ended.</summary>
public static class BroadcastEnd
{
    public const string Stopped = "stopped";
    public const string Abandoned = "abandoned";
    public const string TakenDown = "taken_down";
    public const string AccountErased = "account_erased";
    public const string AccountSuspended = "account_suspended";
}

/// <summary>
/// The broadcasts of an account that may still be open. One that ended leaves the list when the next is created.
/// </summary>
/// <remarks>Broadcasts created before they were counted are not among them.</remarks>
public sealed record OpenBroadcasts(Guid OwnerId, ImmutableList<Guid> BroadcastIds)
{
    public static Guid StreamId(Guid ownerId) => StreamIds.Of("open_broadcasts", ownerId, ownerId);

    public static OpenBroadcasts Create(BroadcastCounted e) => new(e.OwnerId, [e.BroadcastId]);

    public OpenBroadcasts Apply(BroadcastCounted e) =>
        this with
        {
            BroadcastIds = BroadcastIds.RemoveRange(e.EndedIds).Add(e.BroadcastId),
        };
}
