using Npgsql;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections.AsOf;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Members;

namespace Veza.Projections.Chat.Roles;

/// <summary>A role as members see it.</summary>
/// <param name="Colour">0xRRGGBB; 0 is none.</param>
/// <param name="Rank">The highest role is first; the one that everyone has is last, with 0.</param>
/// <param name="Position">The position of its creation.</param>
public sealed record RoleView(
    Guid Id,
    Guid CommunityId,
    string Name,
    int Colour,
    double Rank,
    Permission Permissions,
    bool Hoisted,
    bool Mentionable,
    long Position
);

public sealed record OverwriteView(
    Guid ChannelId,
    Guid TargetId,
    OverwriteTarget Target,
    Permission Allow,
    Permission Deny,
    long Position
);

/// <summary>The roles of communities and the overwrites of channels, now or as of a position.</summary>
public sealed class RoleQueries(ReadModels views)
{
    /// <summary>What <see cref="RestrictedChannelsAsync"/> reads.</summary>
    public static readonly string[] RestrictedReads =
    [
        ChannelsProjection.ProjectionName,
        OverwritesProjection.ProjectionName,
    ];

    /// <summary>All roles of a community, the highest first. There are few: <c>Community.RolesMax</c>.</summary>
    public async Task<List<RoleView>> RolesAsync(Guid community, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldAsync(past.StreamsAsync([community], ct), past.Table(Folds.Of<RolesProjection>()));
        return (
            await views.ListAsync<RoleRow>(
                $"""
                select community_id, role_id, name, colour, rank, permissions, hoisted, mentionable, position
                from {views.Table<RolesProjection>()} where community_id = @community
                order by rank desc, position desc
                """,
                new { community },
                ct
            )
        ).ConvertAll(role => new RoleView(
            role.RoleId,
            role.CommunityId,
            role.Name,
            role.Colour,
            role.Rank,
            (Permission)role.Permissions,
            role.Hoisted,
            role.Mentionable,
            role.Position
        ));
    }

    /// <summary>A channel's overwrites, in the order in which they were set first.</summary>
    public async Task<List<OverwriteView>> OverwritesAsync(Guid channel, long after, int limit, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldAsync(past.StreamsAsync([channel], ct), past.Table(Folds.Of<OverwritesProjection>()));
        return (
            await views.ListAsync<OverwriteRow>(
                $"""
                select channel_id, target_id, target, allow, deny, position
                from {views.Table<OverwritesProjection>()} where channel_id = @channel and position > @after
                order by position limit @limit
                """,
                new
                {
                    channel,
                    after,
                    limit,
                },
                ct
            )
        ).ConvertAll(o => new OverwriteView(
            o.ChannelId,
            o.TargetId,
            o.Target,
            (Permission)o.Allow,
            (Permission)o.Deny,
            o.Position
        ));
    }

    /// <summary>
    /// The channels of communities with an overwrite that grants or denies seeing them or their history.
    /// </summary>
    /// <param name="whole">Those among the communities whose other channels are returned too.</param>
    public Task<List<(Guid Channel, Guid Community, bool Restricted)>> RestrictedChannelsAsync(
        Guid[] communities,
        Guid[] whole,
        CancellationToken ct
    ) =>
        views.ListPreparedAsync(
            $"""
            select c.id, c.community_id, r.restricted from {views.Table<ChannelsProjection>()} c
            cross join lateral (select exists (
                select from {views.Table<OverwritesProjection>()} o
                where o.channel_id = c.id and (o.allow | o.deny) & $3 <> 0) as restricted) r
            where c.community_id = any ($1) and (r.restricted or c.community_id = any ($2))
            """,
            row => (row.GetGuid(0), row.GetGuid(1), row.GetBoolean(2)),
            ct,
            new NpgsqlParameter<Guid[]> { TypedValue = communities },
            new NpgsqlParameter<Guid[]> { TypedValue = whole },
            new NpgsqlParameter<long> { TypedValue = (long)MemberPermissions.ReadHistory }
        );

    /// <summary>The roles of an account in communities, each with its community.</summary>
    public Task<List<(Guid Community, Guid Role)>> RolesOfAsync(
        Guid account,
        Guid[] communities,
        CancellationToken ct
    ) =>
        views.ListPreparedAsync(
            $"""
            select g.community_id, g.role_id from {views.Table<MembersProjection>()} m
            join {views.Table<MemberRolesProjection>()} g
              on g.community_id = m.community_id and g.member_id = m.member_id and g.position > m.position
            where m.member_id = $1 and m.community_id = any ($2)
            """,
            row => (row.GetGuid(0), row.GetGuid(1)),
            ct,
            new NpgsqlParameter<Guid> { TypedValue = account },
            new NpgsqlParameter<Guid[]> { TypedValue = communities }
        );
}
