using Marten.Events.Projections;
using Veza.Domain.Chat.Messages;

namespace MartenOnVeza;

/// <summary>The activity in a channel: a document of this program, in its own schema.</summary>
public sealed class ChannelActivity
{
    public Guid Id { get; set; }
    public int Messages { get; set; }
    public int Deleted { get; set; }
    public int Reactions { get; set; }
    public DateTimeOffset? NewestAt { get; set; }
}

public sealed partial class ChannelActivityProjection : MultiStreamProjection<ChannelActivity, Guid>
{
    public ChannelActivityProjection()
    {
        Identity<MessageSent>(e => e.ChannelId);
        Identity<MessageDeleted>(e => e.ChannelId);
        Identity<ReactionAdded>(e => e.ChannelId);
        Identity<ReactionRemoved>(e => e.ChannelId);
    }

    public static void Apply(JasperFx.Events.IEvent<MessageSent> e, ChannelActivity channel)
    {
        channel.Messages++;
        channel.NewestAt = e.Timestamp;
    }

    public static void Apply(MessageDeleted _, ChannelActivity channel) => channel.Deleted++;

    public static void Apply(ReactionAdded _, ChannelActivity channel) => channel.Reactions++;

    public static void Apply(ReactionRemoved _, ChannelActivity channel) => channel.Reactions--;
}
