namespace Veza.Domain.Live.Broadcasts;

/// <summary>Waiting for its first source, live, interrupted while its source is away, or ended for good.</summary>
public enum BroadcastStatus { Waiting, Live, Interrupted, Ended }

/// <summary>What must be known of a broadcast to decide about it.</summary>
public sealed record Broadcast(Guid Id, Guid OwnerId, BroadcastStatus Status)
{
    public const int TitleMax = 200;

    public static Broadcast Create(BroadcastCreated e) => new(e.BroadcastId, e.OwnerId, BroadcastStatus.Waiting);
    public Broadcast Apply(BroadcastStarted _) => this with { Status = BroadcastStatus.Live };
    public Broadcast Apply(BroadcastInterrupted _) => this with { Status = BroadcastStatus.Interrupted };
    public Broadcast Apply(BroadcastResumed _) => this with { Status = BroadcastStatus.Live };
    public Broadcast Apply(BroadcastEnded _) => this with { Status = BroadcastStatus.Ended };
}
