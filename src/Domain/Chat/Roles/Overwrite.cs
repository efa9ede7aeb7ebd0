namespace Veza.Domain.Chat.Roles;

/// <summary>What a channel grants and denies one role or one member, before what the community grants.</summary>
public sealed record Overwrite(Permission Allow, Permission Deny)
{
    /// <summary>Hides the channel.</summary>
    public static readonly Overwrite Hidden = new(Permission.None, Permission.ViewChannel);

    /// <summary>Shows the channel.</summary>
    public static readonly Overwrite Shown = new(Permission.ViewChannel, Permission.None);
}
