using System.Collections.Immutable;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Chat.Communities;

/// <summary>A community, as far as decisions need it.</summary>
/// <param name="Roles">With the role that everyone has, whose id is the community's.</param>
/// <param name="Places">
/// Where the channels are. One that was never placed is in no category, before those that were.
/// </param>
/// <param name="Channels">
/// The counted channels. The first one is not counted, nor are channels older than the count.
/// </param>
public sealed record Community(
    Guid Id,
    Guid OwnerId,
    ImmutableDictionary<Guid, Role> Roles,
    ImmutableDictionary<Guid, ChannelPlace> Places,
    int Channels = 0
)
{
    public const int NameMax = 100;

    /// <summary>As on Discord. A member's client lists them all, and each is one topic.</summary>
    public const int ChannelsMax = 500;

    /// <summary>With the role that everyone has; as on Discord.</summary>
    public const int RolesMax = 250;

    /// <summary>Communities that one account may found: as many as a person on Discord may join.</summary>
    public const int FoundedMax = 100;

    public static Community Create(CommunityCreated e) =>
        new(
            e.CommunityId,
            e.OwnerId,
            ImmutableDictionary<Guid, Role>.Empty.Add(e.CommunityId, Chat.Roles.Role.Everyone(e.CommunityId)),
            ImmutableDictionary<Guid, ChannelPlace>.Empty
        );

    public Community Apply(ChannelCounted _) => this with { Channels = Channels + 1 };

    public Community Apply(ChannelUncounted e) =>
        this with
        {
            Channels = Math.Max(0, Channels - 1),
            Places = Places.Remove(e.ChannelId),
        };

    public Community Apply(ChannelPlaced e) =>
        this with
        {
            Places = Places.SetItem(e.ChannelId, new(e.CategoryId, e.Rank)),
        };

    public Community Apply(RoleCreated e) =>
        With(new(e.RoleId, e.Rank, e.Name, e.Colour, e.Permissions, e.Hoisted, e.Mentionable));

    public Community Apply(RoleChanged e) => Role(e.RoleId) is { } role ? With(Changed(role, e)) : this;

    public Community Apply(RoleMoved e) => Role(e.RoleId) is { } role ? With(role with { Rank = e.Rank }) : this;

    public Community Apply(RoleDeleted e) => this with { Roles = Roles.Remove(e.RoleId) };

    /// <summary>The rank of each role by its id.</summary>
    public Dictionary<Guid, double> RoleRanks() => Roles.ToDictionary(role => role.Key, role => role.Value.Rank);

    /// <returns>Null when there is no such role, or no longer.</returns>
    public Role? Role(Guid id) => Roles.GetValueOrDefault(id);

    /// <summary>The role after a change, which leaves its rank.</summary>
    public static Role Changed(Role role, RoleChanged e) =>
        role with
        {
            Name = e.Name,
            Colour = e.Colour,
            Permissions = e.Permissions,
            Hoisted = e.Hoisted,
            Mentionable = e.Mentionable,
        };

    private Community With(Role role) => this with { Roles = Roles.SetItem(role.Id, role) };
}
