using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Chat.Members;

/// <summary>The rules that grant and deny permissions, in the order in which they apply.</summary>
public enum PermissionRule
{
    Owner,
    EveryoneRole,
    Role,
    Administrator,

    /// <summary>The channel's overwrite for everyone.</summary>
    EveryoneOverwrite,

    /// <summary>The channel's overwrites for the member's roles, together: denials before grants.</summary>
    RoleOverwrites,
    MemberOverwrite,

    /// <summary>In announcement channels only those write who manage messages.</summary>
    Announcement,

    /// <summary>Who may not write mentions not everyone, and sends no files and no embeds.</summary>
    WithoutSendMessages,

    /// <summary>Who does not see a channel may do nothing in it.</summary>
    WithoutViewChannel,
    TimeOut,
}

/// <summary>What one rule changed of a member's permissions.</summary>
/// <param name="RoleId">The role whose permissions they are; null for all other rules.</param>
/// <param name="Granted">Those that the member did not have before.</param>
/// <param name="Denied">Those that the member had before.</param>
public sealed record PermissionStep(PermissionRule Rule, Guid? RoleId, Permission Granted, Permission Denied);
