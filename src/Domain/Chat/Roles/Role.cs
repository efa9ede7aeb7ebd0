namespace Veza.Domain.Chat.Roles;

/// <summary>A role of a community. Its permissions add to those of the member's other roles.</summary>
/// <param name="Rank">
/// Orders the roles: only who has a higher one may manage it. Finite, so that between two there is room for a third.
/// </param>
/// <param name="Colour">0xRRGGBB; 0 is none.</param>
/// <param name="Hoisted">Whether the members who have it are listed apart.</param>
/// <param name="Mentionable">Whether each member may mention it.</param>
public sealed record Role(
    Guid Id,
    double Rank,
    string Name,
    int Colour,
    Permission Permissions,
    bool Hoisted,
    bool Mentionable
)
{
    /// <summary>Characters, as on Discord.</summary>
    public const int NameMax = 100;

    /// <summary>0xRRGGBB.</summary>
    public const int ColourMax = 0xFF_FF_FF;

    /// <summary>The role that everyone has is below all others.</summary>
    public const double EveryoneRank = Ranks.Lowest;

    /// <summary>Of the role that everyone has, in a new community, as on Discord.</summary>
    public const Permission EveryonePermissions =
        Permission.CreateInvites
        | Permission.AddReactions
        | Permission.Stream
        | Permission.ViewChannel
        | Permission.SendMessages
        | Permission.EmbedLinks
        | Permission.AttachFiles
        | Permission.ReadMessageHistory
        | Permission.MentionEveryone
        | Permission.UseExternalEmoji
        | Permission.Connect
        | Permission.Speak
        | Permission.UseVoiceActivity
        | Permission.ChangeNickname
        | Permission.UseCommands
        | Permission.RequestToSpeak
        | Permission.CreatePublicThreads
        | Permission.CreatePrivateThreads
        | Permission.UseExternalStickers
        | Permission.SendMessagesInThreads
        | Permission.UseActivities
        | Permission.UseSoundboard
        | Permission.UseExternalSounds
        | Permission.SendVoiceMessages
        | Permission.SendPolls
        | Permission.UseExternalApps;

    /// <summary>The role that all members of a community have from its beginning. Its id is the community's.</summary>
    public static Role Everyone(Guid communityId) =>
        new(communityId, EveryoneRank, "everyone", 0, EveryonePermissions, Hoisted: false, Mentionable: false);
}
