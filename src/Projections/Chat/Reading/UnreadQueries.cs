namespace Veza.Projections.Chat.Reading;

/// <param name="UpTo">The read marker; where the member joined, as long as there is none.</param>
/// <param name="Unread">
/// Messages of others after it; <see cref="UnreadQueries.UnreadMax"/> stands for that many or more.
/// </param>
/// <param name="Position">Of the channel's making: channels are listed in this order.</param>
public sealed record UnreadView(Guid ChannelId, long UpTo, int Unread, long Position);

/// <summary>What a member has not read yet.</summary>
public sealed class UnreadQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        "chat.channels.v1",
        "chat.members.v1",
        "chat.messages.v1",
        "chat.read_markers.v1",
    ];

    /// <summary>Beyond this nobody looks at the number, and counting would cost.</summary>
    public const int UnreadMax = 1000;

    /// <summary>A community's channels in the order they were made; none for who is no member.</summary>
    public Task<List<UnreadView>> UnreadAsync(
        Guid community,
        Guid account,
        long after,
        int limit,
        CancellationToken ct
    ) =>
        views.ListAsync<UnreadView>(
            """
            select c.id as channel_id, r.up_to, u.unread, c.position
            from views.chat_channels c
            join views.chat_members m on m.community_id = c.community_id and m.member_id = @account
            left join views.chat_read_markers k on k.channel_id = c.id and k.member_id = @account
            cross join lateral (select coalesce(k.up_to, m.position) as up_to) r
            cross join lateral (select count(*)::int as unread from (
                select from views.chat_messages x where x.channel_id = c.id and x.position > r.up_to and x.author_id <> @account limit @unreadMax) found) u
            where c.community_id = @community and c.position > @after order by c.position limit @limit
            """,
            new
            {
                community,
                account,
                after,
                limit,
                unreadMax = UnreadMax,
            },
            ct
        );
}
