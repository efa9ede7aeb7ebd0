using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Roles;

namespace Veza.Projections.Chat.Reading;

/// <param name="UpTo">The read marker; without one, the position at which the member joined.</param>
/// <param name="Unread">
/// Messages of others after it; <see cref="UnreadQueries.UnreadMax"/> means that many or more.
/// </param>
/// <param name="Position">The position of the channel's creation, which orders the channels.</param>
public sealed record UnreadView(Guid ChannelId, long UpTo, int Unread, long Position);

/// <summary>A community that the reader is a member of.</summary>
/// <param name="Unread">
/// Messages of others in its channels after the read markers; <see cref="UnreadQueries.UnreadMax"/> means that many or
/// more.
/// </param>
/// <param name="Position">The position of the joining, which orders the communities.</param>
public sealed record JoinedCommunityView(
    Guid Id,
    string Name,
    Guid OwnerId,
    int MemberCount,
    DateTimeOffset CreatedAt,
    DateTimeOffset JoinedAt,
    int Unread,
    long Position
);

/// <summary>Counts the messages that a member has not read yet.</summary>
public sealed class UnreadQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        .. MemberPermissions.HiddenReads,
        MembersProjection.ProjectionName,
        ChannelMessagesProjection.ProjectionName,
        ReadMarkersProjection.ProjectionName,
    ];

    /// <summary>What <see cref="CommunitiesAsync"/> reads.</summary>
    public static readonly string[] CommunitiesReads = [.. Reads, CommunitiesProjection.ProjectionName];

    /// <summary>
    /// Communities in a page. Each costs a look-up for each of its channels, of which there may be hundreds.
    /// </summary>
    public const int CommunitiesMax = 50;

    /// <summary>The exact number above this does not matter to readers, and counting further would cost.</summary>
    public const int UnreadMax = 1000;

    /// <summary>The ids of what <see cref="CommunitiesAsync"/> returns.</summary>
    public async Task<Guid[]> JoinedAsync(Guid account, long after, int limit, CancellationToken ct) =>
        [
            .. await views.ListAsync<Guid>(
                $"""
                select community_id from {views.Table<MembersProjection>()}
                where member_id = @account and position > @after order by position limit @limit
                """,
                new
                {
                    account,
                    after,
                    limit,
                },
                ct
            ),
        ];

    /// <summary>The communities of an account in the order it joined them.</summary>
    /// <param name="hidden">Channels whose messages are not counted.</param>
    public Task<List<JoinedCommunityView>> CommunitiesAsync(
        Guid account,
        long after,
        int limit,
        Guid[] hidden,
        CancellationToken ct
    ) =>
        views.ListAsync<JoinedCommunityView>(
            $"""
            select j.id, j.name, j.owner_id, j.member_count, j.created_at, j.joined_at, u.unread, j.position
            from (
                select c.id, c.name, c.owner_id, c.member_count, c.created_at, m.joined_at, m.position
                from {views.Table<MembersProjection>()} m
                join {views.Table<CommunitiesProjection>()} c on c.id = m.community_id
                where m.member_id = @account and m.position > @after order by m.position limit @limit) j
            cross join lateral (select count(*)::int as unread from (
                select from {views.Table<ChannelsProjection>()} c
                left join {views.Table<ReadMarkersProjection>()} k on k.channel_id = c.id and k.member_id = @account
                cross join lateral (
                    select from {views.Table<ChannelMessagesProjection>()} x
                    where x.channel_id = c.id and x.position > coalesce(k.up_to, j.position)
                      and x.author_id <> @account
                    limit @unreadMax) new
                where c.community_id = j.id and c.id <> all (@hidden) limit @unreadMax) found) u
            order by j.position
            """,
            new
            {
                account,
                after,
                limit,
                hidden,
                unreadMax = UnreadMax,
            },
            ct
        );

    /// <summary>A community's channels in the order of their creation; none for a non-member.</summary>
    /// <param name="hidden">Channels that are left out.</param>
    public Task<List<UnreadView>> UnreadAsync(
        Guid community,
        Guid account,
        long after,
        int limit,
        Guid[] hidden,
        CancellationToken ct
    ) =>
        views.ListAsync<UnreadView>(
            $"""
            select c.id as channel_id, r.up_to, u.unread, c.position
            from {views.Table<ChannelsProjection>()} c
            join {views.Table<MembersProjection>()} m
              on m.community_id = c.community_id and m.member_id = @account
            left join {views.Table<ReadMarkersProjection>()} k on k.channel_id = c.id and k.member_id = @account
            cross join lateral (select coalesce(k.up_to, m.position) as up_to) r
            cross join lateral (select count(*)::int as unread from (
                select from {views.Table<ChannelMessagesProjection>()} x
                where x.channel_id = c.id and x.position > r.up_to and x.author_id <> @account
                limit @unreadMax) found) u
            where c.community_id = @community and c.position > @after and c.id <> all (@hidden)
            order by c.position limit @limit
            """,
            new
            {
                community,
                account,
                after,
                limit,
                hidden,
                unreadMax = UnreadMax,
            },
            ct
        );
}
