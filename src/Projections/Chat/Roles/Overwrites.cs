using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Roles;

/// <summary>What a channel grants and denies a role or a member.</summary>
/// <param name="Allow">The bits of <see cref="Permission"/>.</param>
/// <param name="Deny">The bits of <see cref="Permission"/>.</param>
/// <param name="Position">When it was set first.</param>
public sealed record OverwriteRow(
    Guid ChannelId,
    Guid TargetId,
    OverwriteTarget Target,
    long Allow,
    long Deny,
    long Position
);

public sealed class OverwritesProjection : Projection<OverwriteRow, (Guid ChannelId, Guid TargetId)>
{
    public const string ProjectionName = "chat.overwrites.v2";

    public override string Name => ProjectionName;

    public OverwritesProjection()
    {
        Identity<ChannelCreated>(e => (e.ChannelId, e.CommunityId));
        Identity<OverwriteSet>(e => (e.ChannelId, e.TargetId));
        Identity<OverwriteRemoved>(e => (e.ChannelId, e.TargetId));
    }

    public static OverwriteRow? Create(ChannelCreated e, RecordedEvent at) =>
        e.Private
            ? new(
                e.ChannelId,
                e.CommunityId,
                OverwriteTarget.Role,
                (long)Overwrite.Hidden.Allow,
                (long)Overwrite.Hidden.Deny,
                at.Position
            )
            : null;

    public static OverwriteRow Create(OverwriteSet e, RecordedEvent at) =>
        new(e.ChannelId, e.TargetId, e.Target, (long)e.Allow, (long)e.Deny, at.Position);

    public static OverwriteRow Apply(OverwriteSet e, OverwriteRow row) =>
        row with
        {
            Target = e.Target,
            Allow = (long)e.Allow,
            Deny = (long)e.Deny,
        };

    public static OverwriteRow? Apply(OverwriteRemoved _, OverwriteRow row) => null;
}
