using System.Collections.Immutable;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Chat.Channels;

/// <summary>A channel, as far as decisions about it and its messages need it.</summary>
/// <param name="Overwrites">
/// By the id of a role or of a member. The community's id is the role that everyone has.
/// </param>
public sealed record Channel(
    Guid Id,
    Guid CommunityId,
    ChannelKind Kind,
    string Name,
    string? Topic,
    int SlowModeSeconds,
    bool Nsfw,
    ImmutableDictionary<Guid, Overwrite> Overwrites,
    bool Deleted = false
)
{
    public const int NameMax = 100;
    public const int TopicMax = 1024;
    public const int SlowModeSecondsMax = 21_600;

    /// <summary>Each decision and each reader of the channel looks at them.</summary>
    public const int OverwritesMax = 500;

    public static Channel Create(ChannelCreated e) =>
        new(
            e.ChannelId,
            e.CommunityId,
            e.Kind,
            e.Name,
            e.Topic,
            e.SlowModeSeconds,
            e.Nsfw,
            e.Private
                ? ImmutableDictionary<Guid, Overwrite>.Empty.Add(e.CommunityId, Chat.Roles.Overwrite.Hidden)
                : ImmutableDictionary<Guid, Overwrite>.Empty
        );

    public Channel Apply(ChannelChanged e) =>
        this with
        {
            Name = e.Name,
            Topic = e.Topic,
            SlowModeSeconds = e.SlowModeSeconds,
            Nsfw = e.Nsfw,
        };

    public Channel Apply(ChannelDeleted _) => this with { Deleted = true };

    public Channel Apply(OverwriteSet e) =>
        this with
        {
            Overwrites = Overwrites.SetItem(e.TargetId, new(e.Allow, e.Deny)),
        };

    public Channel Apply(OverwriteRemoved e) => this with { Overwrites = Overwrites.Remove(e.TargetId) };

    public Overwrite? Overwrite(Guid targetId) => Overwrites.GetValueOrDefault(targetId);
}
