namespace Veza.Domain.Chat.Communities;

/// <summary>What must be known of a community to decide about it.</summary>
public sealed record Community(Guid Id, Guid OwnerId)
{
    public const int NameMax = 100;

    public static Community Create(CommunityCreated e) => new(e.CommunityId, e.OwnerId);
}
