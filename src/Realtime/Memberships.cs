namespace Veza.Realtime;

/// <summary>
/// The communities that <c>communities:mine</c> stands for where a subscription's cursor is, and their channels.
/// </summary>
internal sealed class Memberships
{
    private readonly Dictionary<Guid, HashSet<Guid>> _channels = [];

    /// <summary>Channels of all of them together.</summary>
    public int Channels { get; private set; }

    public IEnumerable<Topic> Topics =>
        _channels.SelectMany(c => c.Value.Select(Topic.Channel).Prepend(Topic.Community(c.Key)));

    public bool Has(Guid community) => _channels.ContainsKey(community);

    public void Join(Guid community) => _channels.TryAdd(community, []);

    /// <returns>False when the channel is known, or its community is none of these.</returns>
    public bool Add(Guid community, Guid channel)
    {
        if (!_channels.TryGetValue(community, out var known) || !known.Add(channel))
            return false;
        Channels++;
        return true;
    }

    /// <returns>What the account sees no longer.</returns>
    public List<Topic> Leave(Guid community)
    {
        if (!_channels.Remove(community, out var left))
            return [];
        Channels -= left.Count;
        return [Topic.Community(community), .. left.Select(Topic.Channel)];
    }
}
