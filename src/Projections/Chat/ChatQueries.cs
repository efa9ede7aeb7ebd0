using Npgsql;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat;

/// <summary>A ban or time-out as moderators see it.</summary>
public sealed record SanctionView(
    AccountName Account,
    SanctionKind Kind,
    Guid ByMemberId,
    string? Reason,
    DateTimeOffset? Until,
    DateTimeOffset At,
    long Position
);

/// <summary>A member of a community.</summary>
/// <param name="RoleIds">The highest role first, without the one that everyone has.</param>
public sealed record MemberView(
    AccountName Account,
    DateTimeOffset JoinedAt,
    IReadOnlyList<Guid> RoleIds,
    long Position
);

/// <summary>Communities, their channels and their members.</summary>
public sealed class ChatQueries(ReadModels views)
{
    public async Task<CommunityView?> CommunityAsync(Guid id, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldAsync(
                past.TopicsAsync([Topic.Community(id)], ct),
                past.Table(Folds.Of<CommunitiesProjection>())
            );
        return await views.FindAsync<CommunityView>(
            $"select * from {views.Table<CommunitiesProjection>()} where id = @id",
            new { id },
            ct
        );
    }

    public async Task<ChannelView?> ChannelAsync(Guid id, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldAsync(past.TopicsAsync([Topic.Channel(id)], ct), past.Table(Folds.Of<ChannelsProjection>()));
        return await views.FindAsync<ChannelView>(
            $"select * from {views.Table<ChannelsProjection>()} where id = @id",
            new { id },
            ct
        );
    }

    public async Task<List<ChannelView>> ChannelsAsync(Guid community, long after, int limit, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldAsync(
                past.TopicsAsync([Topic.Community(community)], ct),
                past.Table(Folds.Of<ChannelsProjection>())
            );
        return await views.ListAsync<ChannelView>(
            $"""
            select * from {views.Table<ChannelsProjection>()}
            where community_id = @community and position > @after order by position limit @limit
            """,
            new
            {
                community,
                after,
                limit,
            },
            ct
        );
    }

    public async Task<bool> IsMemberAsync(Guid community, Guid account, CancellationToken ct) =>
        await views.FindAsync<int>(
            $"""
            select 1 from {views.Table<MembersProjection>()}
            where community_id = @community and member_id = @account
            """,
            new { community, account },
            ct
        ) == 1;

    /// <summary>
    /// The existing ones among the channels, with their communities and whether the account is a member there.
    /// </summary>
    public Task<List<(Guid Channel, Guid Community, bool IsMember)>> ChannelsFoundAsync(
        Guid[] channels,
        Guid account,
        CancellationToken ct
    ) =>
        views.ListPreparedAsync(
            $"""
            select c.id, c.community_id, m.member_id is not null
            from {views.Table<ChannelsProjection>()} c
            left join {views.Table<MembersProjection>()} m on m.community_id = c.community_id and m.member_id = $1
            where c.id = any ($2)
            """,
            row => (row.GetGuid(0), row.GetGuid(1), row.GetBoolean(2)),
            ct,
            new NpgsqlParameter<Guid> { TypedValue = account },
            new NpgsqlParameter<Guid[]> { TypedValue = channels }
        );

    /// <summary>The existing ones among the communities, each with whether the account is a member.</summary>
    public Task<List<(Guid Community, bool IsMember)>> CommunitiesSeenAsync(
        Guid[] communities,
        Guid account,
        CancellationToken ct
    ) =>
        views.ListAsync<(Guid, bool)>(
            $"""
            select c.id, m.member_id is not null
            from {views.Table<CommunitiesProjection>()} c
            left join {views.Table<MembersProjection>()} m on m.community_id = c.id and m.member_id = @account
            where c.id = any (@communities)
            """,
            new { communities, account },
            ct
        );

    /// <summary>The communities that an account is a member of.</summary>
    public Task<List<Guid>> CommunitiesOfAsync(Guid account, CancellationToken ct) =>
        views.ListAsync<Guid>(
            $"select community_id from {views.Table<MembersProjection>()} where member_id = @account",
            new { account },
            ct
        );

    /// <summary>The memberships of these accounts in these communities.</summary>
    public Task<List<(Guid Community, Guid Account)>> MembersAmongAsync(
        Guid[] accounts,
        Guid[] communities,
        CancellationToken ct
    ) =>
        views.ListAsync<(Guid, Guid)>(
            $"""
            select community_id, member_id from {views.Table<MembersProjection>()}
            where member_id = any (@accounts) and community_id = any (@communities)
            """,
            new { accounts, communities },
            ct
        );

    /// <summary>The channels of communities, each with its community.</summary>
    public Task<List<(Guid Channel, Guid Community)>> ChannelsOfAsync(
        Guid[] communities,
        int limit,
        CancellationToken ct
    ) =>
        views.ListAsync<(Guid, Guid)>(
            $"""
            select id, community_id from {views.Table<ChannelsProjection>()}
            where community_id = any (@communities) limit @limit
            """,
            new { communities, limit },
            ct
        );

    public async Task<List<MemberView>> MembersAsync(Guid community, long after, int limit, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
        {
            past.ReadImmutable(Folds.Of<ProfilesProjection>());
            await past.FoldAsync(past.StreamsAsync([community], ct), past.Table(Folds.Of<RolesProjection>()));
            // Members who joined before the page begins are not on it.
            await past.FoldAsync(
                past.TopicsAsync([Topic.Community(community)], ct, after),
                past.Table(Folds.Of<MembersProjection>()),
                past.Table(Folds.Of<MemberRolesProjection>())
            );
        }
        return (
            await views.ListAsync<(Guid Id, string UserName, DateTime JoinedAt, Guid[] RoleIds, long Position)>(
                $"""
                select m.member_id, coalesce(p.user_name, ''), m.joined_at,
                       array(select g.role_id from {views.Table<MemberRolesProjection>()} g
                             join {views.Table<RolesProjection>()} r
                               on r.community_id = g.community_id and r.role_id = g.role_id
                             where g.community_id = m.community_id and g.member_id = m.member_id
                               and g.position > m.position order by r.rank desc) as role_ids,
                       m.position
                from {views.Table<MembersProjection>()} m
                left join {views.Table<ProfilesProjection>()} p on p.account_id = m.member_id
                where m.community_id = @community and m.position > @after order by m.position limit @limit
                """,
                new
                {
                    community,
                    after,
                    limit,
                },
                ct
            )
        ).ConvertAll(r => new MemberView(new(r.Id, r.UserName), r.JoinedAt, r.RoleIds, r.Position));
    }

    /// <summary>Bans, and time-outs that have not run out, oldest first.</summary>
    public async Task<List<SanctionView>> SanctionsAsync(
        Guid community,
        DateTimeOffset now,
        long after,
        int limit,
        CancellationToken ct
    ) =>
        (
            await views.ListAsync<SanctionWithName>(
                $"""
                select s.member_id, coalesce(p.user_name, '') as user_name, s.kind, s.by_member_id, s.reason,
                       s.until, s.at, s.position
                from {views.Table<SanctionsProjection>()} s
                left join {views.Table<ProfilesProjection>()} p on p.account_id = s.member_id
                where s.community_id = @community and s.position > @after and (s.until is null or s.until > @now)
                order by s.position limit @limit
                """,
                new
                {
                    community,
                    now,
                    after,
                    limit,
                },
                ct
            )
        ).ConvertAll(s => new SanctionView(
            new(s.MemberId, s.UserName),
            s.Kind,
            s.ByMemberId,
            s.Reason,
            s.Until,
            s.At,
            s.Position
        ));

    private sealed record SanctionWithName(
        Guid MemberId,
        string UserName,
        SanctionKind Kind,
        Guid ByMemberId,
        string? Reason,
        DateTimeOffset? Until,
        DateTimeOffset At,
        long Position
    );
}
