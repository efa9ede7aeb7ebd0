using Veza.Api.Http;
using Veza.Commands.Chat;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Roles;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat;

/// <summary>
/// Refuses reads of communities and channels that the caller may not see. Permissions are those of now.
/// </summary>
internal static class ChatAccess
{
    /// <returns>Null for a member of the community.</returns>
    public static async Task<IResult?> NotMember(Guid community, Caller caller, ChatQueries chat, CancellationToken ct)
    {
        if (await chat.IsMemberAsync(community, caller.AccountId, ct))
            return null;
        return await chat.CommunityAsync(community, ct) is null
            ? Problems.Result(Refusals.Unknown("community", community))
            : Problems.Result(ChatRefusals.NotAllowed(Permission.ViewChannel));
    }

    /// <returns>Null for who sees the channel.</returns>
    public static Task<IResult?> NotSeen(
        Guid channel,
        Caller caller,
        MemberPermissions permissions,
        CancellationToken ct
    ) => Missing(Permission.ViewChannel, channel, caller, permissions, ct);

    /// <returns>Null for who sees the channel and may read its history.</returns>
    public static Task<IResult?> NotRead(
        Guid channel,
        Caller caller,
        MemberPermissions permissions,
        CancellationToken ct
    ) => Missing(Permission.ReadMessageHistory, channel, caller, permissions, ct);

    private static async Task<IResult?> Missing(
        Permission needed,
        Guid channel,
        Caller caller,
        MemberPermissions permissions,
        CancellationToken ct
    )
    {
        if (await permissions.ReadingAsync(caller.AccountId, channel, ct) is not { } has)
            return Problems.Result(Refusals.Unknown("channel", channel));
        if (has.HasFlag(needed))
            return null;
        // Who does not see a channel has no permission in it; the first one missing says more.
        var missing = has.HasFlag(Permission.ViewChannel) ? needed : Permission.ViewChannel;
        return Problems.Result(ChatRefusals.NotAllowed(missing));
    }
}
