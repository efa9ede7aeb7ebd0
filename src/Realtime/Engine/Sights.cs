using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.EventStore;
using Veza.EventStore.Events;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Roles;

namespace Veza.Realtime.Engine;

/// <summary>Reads which channels of communities a caller sees, as of one position. Any thread may call it.</summary>
internal sealed class Sights(EventLog log, RoleQueries roles)
{
    /// <summary>The projections that it reads.</summary>
    public static readonly string[] Reads =
    [
        ChannelsProjection.ProjectionName,
        MembersProjection.ProjectionName,
        MemberRolesProjection.ProjectionName,
        OverwritesProjection.ProjectionName,
    ];

    /// <summary>Readings that meet a change meanwhile; changes of permissions are rare.</summary>
    private const int TriesMax = 5;

    private const int EventsAtOnce = 500;

    /// <param name="reached">Waits until the read models have reached a position; false when it takes too long.</param>
    /// <returns>
    /// The existing communities' sights. Null when the read models are behind, or permissions change all the time.
    /// </returns>
    public async Task<Dictionary<Guid, CommunitySight>?> ReadAsync(
        Guid account,
        Guid[] communities,
        Func<string[], long, CancellationToken, Task<bool>> reached,
        CancellationToken ct
    )
    {
        if (communities.Length == 0)
            return [];
        for (var tries = 0; tries < TriesMax; tries++)
        {
            var asOf = log.Head;
            if (!await reached(Reads, asOf, ct))
                return null;
            var sights = await ReadOnceAsync(account, communities, asOf, ct);
            // Rows and aggregates may be newer than that position, and each as of another one. Without a change
            // meanwhile they are the same as of all of them. Another node may have written rows ahead of this tail.
            await log.CatchUpAsync(ct);
            if (!HasChanged(account, sights, asOf))
                return sights;
        }
        return null;
    }

    private async Task<Dictionary<Guid, CommunitySight>> ReadOnceAsync(
        Guid account,
        Guid[] communities,
        long asOf,
        CancellationToken ct
    )
    {
        var restricted = (await roles.RestrictedChannelsAsync(communities, whole: [], ct)).ToLookup(
            c => c.Community,
            c => c.Channel
        );
        var given = (await roles.RolesOfAsync(account, communities, ct)).ToLookup(r => r.Community, r => r.Role);
        var sights = new Dictionary<Guid, CommunitySight>(communities.Length);
        foreach (var id in communities)
        {
            if (await log.Aggregates.FindAsync<Community>(id, ct) is not { } community)
                continue;
            var channels = new List<Channel>();
            foreach (var channel in restricted[id])
                if (await log.Aggregates.FindAsync<Channel>(channel, ct) is { } found)
                    channels.Add(found);
            sights.Add(id, new(community, new(id, account, Present: true, [.. given[id]]), channels, asOf));
        }
        return sights;
    }

    private bool HasChanged(Guid account, Dictionary<Guid, CommunitySight> sights, long after)
    {
        var events = new List<RecordedEvent>();
        for (var head = log.Head; after < head; after = events[^1].Position)
        {
            events.Clear();
            if (!log.Tail.TryRead(after, EventsAtOnce, events))
                return true;
            foreach (var e in events)
                if (MayChange(account, sights, e.Data))
                    return true;
        }
        return false;
    }

    private static bool MayChange(Guid account, Dictionary<Guid, CommunitySight> sights, object? data) =>
        data switch
        {
            MemberJoined e => e.MemberId == account,
            MemberLeft e => e.MemberId == account,
            ChannelCreated e => e.Private && sights.ContainsKey(e.CommunityId),
            MemberRoleGiven e => e.MemberId == account,
            MemberRoleTaken e => e.MemberId == account,
            _ => CommunitySight.CommunityOf(data) is { } community && sights.ContainsKey(community),
        };
}
