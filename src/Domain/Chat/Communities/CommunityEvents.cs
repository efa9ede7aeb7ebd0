namespace Veza.Domain.Chat.Communities;

// Type and property names are the storage format. To change one, add an upcaster and keep its frozen sample.
public abstract record CommunityEvent : DomainEvent;
public sealed record CommunityCreated(Guid CommunityId, Guid OwnerId, string Name) : CommunityEvent;
