using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Roles;

/// <summary>The rules that commands about a channel's overwrites share.</summary>
internal static class OverwriteRules
{
    /// <summary>Needs the permission to manage roles in the channel, and each permission that is changed.</summary>
    public static Refusal? Validate(
        Overwrite? former,
        Overwrite? next,
        Member? member,
        Community community,
        Channel channel,
        DateTimeOffset now
    )
    {
        if (ChatRefusals.Unless(Permission.ManageRoles, member, community, now, channel) is { } refusal)
            return refusal;
        var changed = ((former?.Allow ?? 0) ^ (next?.Allow ?? 0)) | ((former?.Deny ?? 0) ^ (next?.Deny ?? 0));
        var missing = changed & ~Permissions.Of(member, community, now, channel);
        return missing == Permission.None ? null : ChatRefusals.NotAllowed(missing);
    }
}
