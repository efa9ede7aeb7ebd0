using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Live.Broadcasts;

/// <summary>A broadcast and its state.</summary>
/// <param name="ContentType">The content type of its audio; null until the first source connects.</param>
/// <param name="Position">The position of its creation.</param>
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
    /// <summary>The title of an erased account's broadcasts.</summary>
    public const string ErasedTitle = "deleted broadcast";
}

public sealed class BroadcastsProjection : Projection<BroadcastRow, Guid>
{
    public const string ProjectionName = "live.broadcasts.v1";

    public override string Name => ProjectionName;

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
