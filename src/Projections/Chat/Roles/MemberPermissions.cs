using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore;

namespace Veza.Projections.Chat.Roles;

/// <summary>What accounts may do now, as commands see it. Any thread may call it.</summary>
public sealed class MemberPermissions(EventLog log)
{
    /// <param name="channel">Null asks for the community as a whole.</param>
    /// <returns>None for who is no member, and in a community that does not exist.</returns>
    public async Task<Permission> OfAsync(
        Guid account,
        Guid communityId,
        Channel? channel,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        if (await LoadAsync<Community>(communityId, ct) is not { } community)
            return Permission.None;
        var member = await LoadAsync<Member>(Member.StreamId(communityId, account), ct);
        return Permissions.Of(member, community, now, channel);
    }

    public Task<Channel?> ChannelAsync(Guid id, CancellationToken ct) => LoadAsync<Channel>(id, ct);

    private async Task<T?> LoadAsync<T>(Guid stream, CancellationToken ct)
        where T : class => (await log.Aggregates.LoadAsync(typeof(T), stream, ct)).State as T;
}
