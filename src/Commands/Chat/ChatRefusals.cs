using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat;

/// <summary>The refusals of commands about communities, channels, members and messages.</summary>
public static class ChatRefusals
{
    public static Refusal NotAllowed(Permission missing) =>
        new("permission_missing", RefusalKind.NotAllowed, $"this needs the permission {missing}");

    public static readonly Refusal OwnerCannotLeave = new(
        "owner_cannot_leave",
        RefusalKind.Conflict,
        "the owner of a community cannot leave it; transfer or delete it first"
    );
    public static readonly Refusal OwnerProtected = new(
        "owner_protected",
        RefusalKind.NotAllowed,
        "the owner of a community cannot be kicked, banned or timed out"
    );
    public static readonly Refusal Banned = new(
        "banned",
        RefusalKind.NotAllowed,
        "this account is banned from the community"
    );
    public static readonly Refusal TooManyChannels = new(
        "too_many_channels",
        RefusalKind.Conflict,
        $"this community has {Community.ChannelsMax} channels, and takes no more"
    );
    public static readonly Refusal CategoryInCategory = new(
        "category_in_category",
        RefusalKind.Invalid,
        "a category cannot be in another category"
    );
    public static readonly Refusal ChannelElsewhere = new(
        "channel_elsewhere",
        RefusalKind.Invalid,
        "afterChannelId is in another category, or in none"
    );
    public static readonly Refusal NoMessagesHere = new(
        "no_messages_here",
        RefusalKind.Conflict,
        "a category holds channels, and no messages"
    );
    public static readonly Refusal TooManyCommunities = new(
        "too_many_communities",
        RefusalKind.Conflict,
        $"this account has founded {Community.FoundedMax} communities, and may found no more"
    );
    public static readonly Refusal TooManyRoles = new(
        "too_many_roles",
        RefusalKind.Conflict,
        $"this community has {Community.RolesMax} roles, and takes no more"
    );
    public static readonly Refusal RoleAbove = new(
        "role_above",
        RefusalKind.NotAllowed,
        "this role is not below your highest one"
    );
    public static readonly Refusal MemberAbove = new(
        "member_above",
        RefusalKind.NotAllowed,
        "this member's highest role is not below yours"
    );
    public static readonly Refusal EveryoneRole = new(
        "everyone_role",
        RefusalKind.Conflict,
        "the role that everyone has cannot be moved, deleted, given or taken"
    );
    public static readonly Refusal TooManyOverwrites = new(
        "too_many_overwrites",
        RefusalKind.Conflict,
        $"this channel has {Channel.OverwritesMax} overwrites, and takes no more"
    );
    public static readonly Refusal MessageDeleted = new(
        "message_deleted",
        RefusalKind.Unknown,
        "this message was deleted"
    );
    public static readonly Refusal NotTheAuthor = new(
        "not_the_author",
        RefusalKind.NotAllowed,
        "only its author may edit a message"
    );
    public static readonly Refusal ReplyElsewhere = new(
        "reply_elsewhere",
        RefusalKind.Invalid,
        "a reply belongs in the channel of the message it answers"
    );
    public static readonly Refusal TooManyEmoji = new(
        "too_many_emoji",
        RefusalKind.Conflict,
        $"a message takes at most {Domain.Chat.Messages.Message.EmojiMax} different emoji"
    );

    public static Refusal SlowMode(TimeSpan wait) =>
        new(
            "slow_mode",
            RefusalKind.TooFast,
            $"slow mode: wait {Math.Ceiling(wait.TotalSeconds)} s before the next message here"
        )
        {
            RetryAfter = wait,
        };

    public static Refusal ReadTooFast(TimeSpan wait) =>
        new(
            "read_too_fast",
            RefusalKind.TooFast,
            $"a read marker moves every {Domain.Chat.Reading.ReadMarker.MoveEvery.TotalSeconds} s; "
                + $"wait {Math.Ceiling(wait.TotalSeconds)} s and send the newest position"
        )
        {
            RetryAfter = wait,
        };

    /// <returns>Null when the member has the permission.</returns>
    public static Refusal? Unless(
        Permission needed,
        Member? member,
        Community community,
        DateTimeOffset now,
        Channel? channel = null
    )
    {
        if (channel is { Deleted: true })
            return Refusals.Unknown("channel", channel.Id);
        var has = Permissions.Of(member, community, now, channel);
        if (has.HasFlag(needed))
            return null;
        var isLeftInTimeOut = Permissions.TimedOut.HasFlag(needed);
        return member is { Present: true, TimedOutUntil: { } until } && until > now && !isLeftInTimeOut
            ? TimedOut(until, now)
            : NotAllowed(needed & ~has);
    }

    public static Refusal TimeOutInvalid(DateTimeOffset until, DateTimeOffset now) =>
        Refusals.Invalid(
            new Dictionary<string, string[]>
            {
                ["until"] =
                [
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"until is {until:O}; it must be after now, {now:O}, "
                            + $"by at most {Member.TimeOutMax.TotalDays} days"
                    ),
                ],
            }
        );

    private static Refusal TimedOut(DateTimeOffset until, DateTimeOffset now) =>
        new(
            "timed_out",
            RefusalKind.NotAllowed,
            string.Create(
                CultureInfo.InvariantCulture,
                $"this member is timed out until {until:O} and may only read until then"
            )
        )
        {
            RetryAfter = until - now,
        };
}
