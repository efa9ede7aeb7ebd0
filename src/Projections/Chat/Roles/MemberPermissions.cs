using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore;
using Veza.EventStore.Aggregates;

namespace Veza.Projections.Chat.Roles;

/// <summary>What accounts may do now, as commands see it. Any thread may call it.</summary>
public sealed class MemberPermissions(EventLog log, RoleQueries roles)
{
    /// <summary>
    /// The permissions to see a channel and its history. A time-out takes neither, so they need no time.
    /// </summary>
    public const Permission ReadHistory = Permission.ViewChannel | Permission.ReadMessageHistory;

    /// <summary>The projections that <see cref="HiddenAsync"/> reads.</summary>
    public static readonly string[] HiddenReads = RoleQueries.RestrictedReads;

    private AggregateCache Aggregates => log.Aggregates;

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
        if (await Aggregates.FindAsync<Community>(communityId, ct) is not { } community)
            return Permission.None;
        var member = await Aggregates.FindAsync<Member>(Member.StreamId(communityId, account), ct);
        return Permissions.Of(member, community, now, channel);
    }

    /// <returns>Those of <see cref="ReadHistory"/> that the account has; null when there is no such channel.</returns>
    public async Task<Permission?> ReadingAsync(Guid account, Guid channelId, CancellationToken ct) =>
        await ChannelAsync(channelId, ct) is { Deleted: false } channel
            ? await OfAsync(account, channel.CommunityId, channel, now: default, ct) & ReadHistory
            : null;

    /// <summary>Those among a community's channels that a member sees.</summary>
    public async Task<HashSet<Guid>> SeenAsync(
        Guid account,
        Guid communityId,
        IEnumerable<Guid> channels,
        CancellationToken ct
    )
    {
        var seen = new HashSet<Guid>();
        if (await Aggregates.FindAsync<Community>(communityId, ct) is not { } community)
            return seen;
        var member = await Aggregates.FindAsync<Member>(Member.StreamId(communityId, account), ct);
        foreach (var id in channels)
            if (
                await ChannelAsync(id, ct) is { } channel
                && Permissions.Of(member, community, now: default, channel).HasFlag(Permission.ViewChannel)
            )
                seen.Add(id);
        return seen;
    }

    /// <summary>
    /// The channels of communities that a member does not see. It looks only at the channels with overwrites that show
    /// or hide them, so it follows <see cref="HiddenReads"/>.
    /// </summary>
    public async Task<Guid[]> HiddenAsync(Guid account, Guid[] communities, CancellationToken ct)
    {
        var closed = new HashSet<Guid>();
        foreach (var community in communities)
            if (!(await OfAsync(account, community, channel: null, now: default, ct)).HasFlag(Permission.ViewChannel))
                closed.Add(community);
        var hidden = new List<Guid>();
        var found = await roles.RestrictedChannelsAsync(communities, [.. closed], ct);
        foreach (var channels in found.GroupBy(c => c.Community))
        {
            var restricted = channels.Where(c => c.Restricted).Select(c => c.Channel);
            var seen = await SeenAsync(account, channels.Key, restricted, ct);
            hidden.AddRange(channels.Select(c => c.Channel).Where(channel => !seen.Contains(channel)));
        }
        return [.. hidden];
    }

    public async Task<bool> IsMemberAsync(Guid account, Guid communityId, CancellationToken ct) =>
        await Aggregates.FindAsync<Member>(Member.StreamId(communityId, account), ct) is { Present: true };

    public Task<Channel?> ChannelAsync(Guid id, CancellationToken ct) => Aggregates.FindAsync<Channel>(id, ct).AsTask();
}
