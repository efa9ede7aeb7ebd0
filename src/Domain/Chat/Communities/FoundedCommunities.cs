namespace Veza.Domain.Chat.Communities;

/// <summary>
/// Counts the communities that an account founded. Communities older than the count are not included.
/// </summary>
public sealed record FoundedCommunities(int Count)
{
    public static Guid StreamId(Guid ownerId) => StreamIds.Of("founded_communities", ownerId, ownerId);

    public static FoundedCommunities Create(CommunityCounted _) => new(1);

    public FoundedCommunities Apply(CommunityCounted _) => this with { Count = Count + 1 };
}
