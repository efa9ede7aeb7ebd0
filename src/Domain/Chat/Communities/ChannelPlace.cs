using System.Collections.Immutable;

namespace Veza.Domain.Chat.Communities;

/// <summary>Where a channel is in its community.</summary>
/// <param name="CategoryId">Null for a channel in no category.</param>
/// <param name="Rank">Orders the channels of a category; the lowest is first.</param>
public readonly record struct ChannelPlace(Guid? CategoryId, double Rank)
{
    /// <summary>The place after all others of a category.</summary>
    public static ChannelPlace Last(ImmutableDictionary<Guid, ChannelPlace> places, Guid? categoryId) =>
        new(categoryId, Ranks.AboveAll(In(places, categoryId)));

    /// <param name="afterId">
    /// Null means the first place of the category; so does a channel that was never placed, as it is before the others.
    /// </param>
    /// <returns>The channels whose place changes; none when the channel is there already.</returns>
    public static IEnumerable<(Guid ChannelId, ChannelPlace Place)> Move(
        ImmutableDictionary<Guid, ChannelPlace> places,
        Guid channelId,
        Guid? categoryId,
        Guid? afterId
    ) =>
        Ranks
            .Move(In(places, categoryId), channelId, afterId is { } id && places.ContainsKey(id) ? id : Guid.Empty)
            .Select(move => (move.Id, new ChannelPlace(categoryId, move.Rank)));

    /// <summary>The ranks in a category, with a lowest one that has no channel.</summary>
    private static Dictionary<Guid, double> In(ImmutableDictionary<Guid, ChannelPlace> places, Guid? categoryId) =>
        places
            .Where(place => place.Value.CategoryId == categoryId)
            .Select(place => new KeyValuePair<Guid, double>(place.Key, place.Value.Rank))
            .Append(new(Guid.Empty, Ranks.Lowest))
            .ToDictionary();
}
