using System.Text.Json.Serialization;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Chat.Channels;

public enum ChannelKind
{
    Text,
    Announcement,

    /// <summary>Holds other channels, and no messages.</summary>
    Category,
}

public abstract record ChannelEvent : DomainEvent;

/// <param name="Nsfw">Whether its messages are shown only to who confirms to want that.</param>
/// <param name="Private">Whether the role that everyone has is denied to see it from the beginning.</param>
public sealed record ChannelCreated(
    Guid ChannelId,
    Guid CommunityId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Nsfw = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Private = false
) : ChannelEvent;

/// <summary>All of a channel but its kind and its place.</summary>
public sealed record ChannelChanged(
    Guid ChannelId,
    Guid CommunityId,
    string Name,
    string? Topic,
    int SlowModeSeconds,
    bool Nsfw,
    Guid ByMemberId
) : ChannelEvent;

/// <summary>The channel and its messages are gone for all. The channels of a category stay, in none.</summary>
public sealed record ChannelDeleted(Guid ChannelId, Guid CommunityId, Guid ByMemberId) : ChannelEvent;

public enum OverwriteTarget
{
    Role,
    Member,
}

/// <summary>What the channel grants and denies a role or a member. It replaces what was set before.</summary>
public sealed record OverwriteSet(
    Guid ChannelId,
    Guid CommunityId,
    Guid TargetId,
    OverwriteTarget Target,
    Permission Allow,
    Permission Deny,
    Guid ByMemberId
) : ChannelEvent;

public sealed record OverwriteRemoved(Guid ChannelId, Guid CommunityId, Guid TargetId, Guid ByMemberId) : ChannelEvent;

/// <summary>
/// The times of a member's messages in a channel with slow mode. Each member has a stream per channel.
/// </summary>
public abstract record PostingEvent : DomainEvent;

public sealed record MemberPosted(Guid ChannelId, Guid MemberId, Guid MessageId, DateTimeOffset At) : PostingEvent;
