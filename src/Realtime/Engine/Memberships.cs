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

    public IEnumerable<Topic> Topics =>
        _channels.SelectMany(c => c.Value.Select(Topic.Channel).Prepend(Topic.Community(c.Key)));

    public bool Has(Guid community) => _channels.ContainsKey(community);

    public void Join(Guid community) => _channels.TryAdd(community, []);

    /// <returns>False when the channel is present already, or its community is not among these.</returns>
    public bool Add(Guid community, Guid channel)
    {
        if (!_channels.TryGetValue(community, out var channels) || !channels.Add(channel))
            return false;
        Channels++;
        return true;
    }

    /// <returns>The topics that the account no longer sees.</returns>
    public List<Topic> Leave(Guid community)
    {
        if (!_channels.Remove(community, out var left))
            return [];
        Channels -= left.Count;
        return [Topic.Community(community), .. left.Select(Topic.Channel)];
    }
}
