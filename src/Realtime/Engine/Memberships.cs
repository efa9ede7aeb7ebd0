using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>
/// The communities of <c>communities:mine</c> at a subscription's position, and their channels. Only the subscription's
/// reader changes it.
/// </summary>
internal sealed class Memberships
{
    private readonly Dictionary<Guid, HashSet<Guid>> _channels = [];

    /// <summary>The number of channels of all communities together.</summary>
    public int Channels { get; private set; }

    public IEnumerable<(Guid Community, Guid Channel)> All =>
        _channels.SelectMany(c => c.Value.Select(channel => (c.Key, channel)));

    public IReadOnlyCollection<Guid> Communities => _channels.Keys;

    public bool Has(Guid community) => _channels.ContainsKey(community);

    public bool Has(Guid community, Guid channel) =>
        _channels.TryGetValue(community, out var channels) && channels.Contains(channel);

    /// <summary>The channels of a community, whether the account sees them or not.</summary>
    public IReadOnlyCollection<Guid> ChannelsOf(Guid community) => _channels.GetValueOrDefault(community) ?? [];

    public void Join(Guid community) => _channels.TryAdd(community, []);

    /// <returns>False when the channel is present already, or its community is not among these.</returns>
    public bool Add(Guid community, Guid channel)
    {
        if (!_channels.TryGetValue(community, out var channels) || !channels.Add(channel))
            return false;
        Channels++;
        return true;
    }

    public void Remove(Guid community, Guid channel)
    {
        if (_channels.TryGetValue(community, out var channels) && channels.Remove(channel))
            Channels--;
    }

    /// <returns>The topics that the account saw, and those of channels that it did not see.</returns>
    public List<Topic> Leave(Guid community)
    {
        if (!_channels.Remove(community, out var left))
            return [];
        Channels -= left.Count;
        return [Topic.Community(community), .. left.Select(Topic.Channel)];
    }
}
