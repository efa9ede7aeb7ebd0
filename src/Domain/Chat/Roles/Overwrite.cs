namespace Veza.Domain.Chat.Roles;

/// <summary>What a channel grants and denies one role or one member, before what the community grants.</summary>
public sealed record Overwrite(Permission Allow, Permission Deny);
