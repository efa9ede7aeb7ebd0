using System.Collections.Immutable;

namespace Veza.Domain.Live.Broadcasts;

/// <summary>Waiting for its first source, live, interrupted while its source is away, or ended.</summary>
public enum BroadcastStatus
{
    Waiting,
    Live,
    Interrupted,
    Ended,
}

/// <summary>A broadcast, as far as decisions need it.</summary>
public sealed record Broadcast(Guid Id, Guid OwnerId, BroadcastStatus Status)
{
    public const int TitleMax = 200;

    /// <summary>
    /// Open broadcasts of one account: a station's channels. Each may hold 1 MB of sound in memory.
    /// </summary>
    public const int OpenMax = 10;

    public static Broadcast Create(BroadcastCreated e) => new(e.BroadcastId, e.OwnerId, BroadcastStatus.Waiting);

    public Broadcast Apply(BroadcastStarted _) => this with { Status = BroadcastStatus.Live };

    public Broadcast Apply(BroadcastInterrupted _) => this with { Status = BroadcastStatus.Interrupted };

    public Broadcast Apply(BroadcastResumed _) => this with { Status = BroadcastStatus.Live };

    public Broadcast Apply(BroadcastEnded _) => this with { Status = BroadcastStatus.Ended };
}
