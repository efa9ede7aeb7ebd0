using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Live.Broadcasts;

/// <param name="ContentType">Of the sound; null until the first source connects.</param>
public sealed record BroadcastRow(
    Guid BroadcastId,
    Guid OwnerId,
    string Title,
    BroadcastStatus Status,
    string? ContentType,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    long Position,
    long Version
)
{
    public const string ErasedTitle = "deleted broadcast";
}

public sealed class BroadcastsProjection : Projection<BroadcastRow, Guid>
{
    public override string Name => "live.broadcasts.v1";

    public BroadcastsProjection()
    {
        Identity<BroadcastCreated>(e => e.BroadcastId);
        Identity<BroadcastStarted>(e => e.BroadcastId);
        Identity<BroadcastInterrupted>(e => e.BroadcastId);
        Identity<BroadcastResumed>(e => e.BroadcastId);
        Identity<BroadcastEnded>(e => e.BroadcastId);
        Index("status, position");
        Index("owner_id");
        Erases<AccountErased>(e => e.AccountId, "owner_id", ("title", BroadcastRow.ErasedTitle));
    }

    public static BroadcastRow Create(BroadcastCreated e, RecordedEvent at) =>
        new(
            e.BroadcastId,
            e.OwnerId,
            e.Title,
            BroadcastStatus.Waiting,
            null,
            at.At,
            null,
            null,
            at.Position,
            at.Version
        );

    public static BroadcastRow Apply(BroadcastStarted e, BroadcastRow row, RecordedEvent at) =>
        row with
        {
            Status = BroadcastStatus.Live,
            ContentType = e.ContentType,
            StartedAt = at.At,
            Version = at.Version,
        };

    public static BroadcastRow Apply(BroadcastInterrupted _, BroadcastRow row, RecordedEvent at) =>
        row with
        {
            Status = BroadcastStatus.Interrupted,
            Version = at.Version,
        };

    public static BroadcastRow Apply(BroadcastResumed _, BroadcastRow row, RecordedEvent at) =>
        row with
        {
            Status = BroadcastStatus.Live,
            Version = at.Version,
        };

    public static BroadcastRow Apply(BroadcastEnded _, BroadcastRow row, RecordedEvent at) =>
        row with
        {
            Status = BroadcastStatus.Ended,
            EndedAt = at.At,
            Version = at.Version,
        };
}
