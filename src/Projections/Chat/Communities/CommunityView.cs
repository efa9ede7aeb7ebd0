namespace Veza.Projections.Chat.Communities;

/// <summary>A community as its page shows it.</summary>
public sealed record CommunityView(Guid Id, string Name, Guid OwnerId, int MemberCount, DateTimeOffset CreatedAt);
