namespace Veza.Domain.Chat.Members;

public abstract record MemberEvent : DomainEvent;
public sealed record MemberJoined(Guid CommunityId, Guid MemberId) : MemberEvent;
public sealed record MemberLeft(Guid CommunityId, Guid MemberId) : MemberEvent;
