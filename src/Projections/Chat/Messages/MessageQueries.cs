using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Chat.Channels;

namespace Veza.Projections.Chat.Messages;

/// <summary>How many members reacted with one emoji.</summary>
public sealed record ReactionCountView(string Emoji, int Count, bool Me);

/// <param name="Edits">How many times the author edited it.</param>
public sealed record MessageView(
    Guid Id,
    Guid ChannelId,
    AccountName Author,
    string Text,
    Guid? ReplyTo,
    DateTimeOffset SentAt,
    DateTimeOffset? EditedAt,
    int Edits,
    IReadOnlyList<ReactionCountView> Reactions,
    long Version,
    long Position
);

/// <summary>A sent message and its position in the log.</summary>
public sealed record SentMessageView(Guid MessageId, long Position);

/// <summary>Reads messages with their reactions, now or as of a position.</summary>
public sealed class MessageQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        ChannelMessagesProjection.ProjectionName,
        ReactionTallyProjection.ProjectionName,
        MemberReactionsProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
    ];

    /// <summary>What <see cref="SentAsync"/> reads.</summary>
    public static readonly string[] SentReads =
    [
        ChannelMessagesProjection.ProjectionName,
        ChannelsProjection.ProjectionName,
    ];

    private string Select =>
        $"""
            select m.message_id as id, m.channel_id, m.author_id, coalesce(p.user_name, '') as user_name, m.text,
                   m.reply_to, m.sent_at, m.edited_at, m.edits, m.version, m.position
            from {views.Table<ChannelMessagesProjection>()} m
            left join {views.Table<ProfilesProjection>()} p on p.account_id = m.author_id
            """;

    public async Task<MessageView?> FindAsync(Guid message, Guid reader, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldMessagesAsync([message], ct);
        return (
            await CompleteAsync(
                await views.ListAsync<Row>($"{Select} where m.message_id = @message", new { message }, ct),
                reader,
                ct
            )
        ).FirstOrDefault();
    }

    /// <summary>A page of messages before a position, or of the newest. Newest first.</summary>
    public async Task<List<MessageView>> BeforeAsync(
        Guid channel,
        long? before,
        int limit,
        Guid reader,
        CancellationToken ct
    ) => await CompleteAsync(await OlderAsync(channel, before, limit, ct), reader, ct);

    /// <summary>A page of the messages that follow a position. Newest first.</summary>
    public async Task<List<MessageView>> AfterAsync(
        Guid channel,
        long after,
        int limit,
        Guid reader,
        CancellationToken ct
    ) => await CompleteAsync(await NewerAsync(channel, after, limit, ct), reader, ct);

    /// <summary>A page of the messages up to a position and of those that follow it. Newest first.</summary>
    /// <param name="newerMax">How many may follow it.</param>
    public async Task<List<MessageView>> AroundAsync(
        Guid channel,
        long position,
        int newerMax,
        int limit,
        Guid reader,
        CancellationToken ct
    )
    {
        var newer = await NewerAsync(channel, position, newerMax, ct);
        var older = await OlderAsync(channel, position + 1, limit - newer.Count, ct);
        return await CompleteAsync([.. newer, .. older], reader, ct);
    }

    private async Task<List<Row>> OlderAsync(Guid channel, long? before, int limit, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldChannelAsync(channel, before ?? long.MaxValue, older: true, limit, ct);
        return await views.ListAsync<Row>(
            $"""
            {Select} where m.channel_id = @channel and m.position < @before
            order by m.position desc limit @limit
            """,
            new
            {
                channel,
                before = before ?? long.MaxValue,
                limit,
            },
            ct
        );
    }

    private async Task<List<Row>> NewerAsync(Guid channel, long after, int limit, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldChannelAsync(channel, after, older: false, limit, ct);
        return await views.ListAsync<Row>(
            $"""
            select * from (
                {Select} where m.channel_id = @channel and m.position > @after order by m.position limit @limit) x
            order by position desc
            """,
            new
            {
                channel,
                after,
                limit,
            },
            ct
        );
    }

    /// <returns>The messages that are not deleted.</returns>
    public async Task<HashSet<Guid>> StandingAsync(IReadOnlyCollection<Guid> messages, CancellationToken ct) =>
        [
            .. await views.ListAsync<Guid>(
                $"select message_id from {views.Table<ChannelMessagesProjection>()} where message_id = any (@ids)",
                new { ids = messages.ToArray() },
                ct
            ),
        ];

    /// <summary>An account's undeleted messages in a community's channels, oldest first.</summary>
    public Task<List<SentMessageView>> SentAsync(
        Guid community,
        Guid author,
        DateTimeOffset since,
        long after,
        long upTo,
        int limit,
        CancellationToken ct
    ) =>
        views.ListAsync<SentMessageView>(
            $"""
            select message_id, position from {views.Table<ChannelMessagesProjection>()}
            where author_id = @author and sent_at >= @since and position > @after and position <= @upTo
              and channel_id in (select id from {views.Table<ChannelsProjection>()} where community_id = @community)
            order by position limit @limit
            """,
            new
            {
                community,
                author,
                since,
                after,
                upTo,
                limit,
            },
            ct
        );

    private async Task<List<MessageView>> CompleteAsync(List<Row> rows, Guid reader, CancellationToken ct)
    {
        if (rows.Count == 0)
            return [];
        var reactions = (
            await views.ListAsync<ReactionRow>(
                $"""
                select t.message_id, t.emoji, t.count, exists (
                    select from {views.Table<MemberReactionsProjection>()} r
                    where r.message_id = t.message_id and r.emoji = t.emoji and r.member_id = @reader) as me
                from {views.Table<ReactionTallyProjection>()} t
                where t.message_id = any (@ids) order by t.message_id, t.since
                """,
                new { reader, ids = rows.ConvertAll(r => r.Id) },
                ct
            )
        ).ToLookup(r => r.MessageId, r => new ReactionCountView(r.Emoji, r.Count, r.Me));
        return rows.ConvertAll(r => new MessageView(
            r.Id,
            r.ChannelId,
            new(r.AuthorId, r.UserName),
            r.Text,
            r.ReplyTo,
            r.SentAt,
            r.EditedAt,
            r.Edits,
            [.. reactions[r.Id]],
            r.Version,
            r.Position
        ));
    }

    private sealed record Row(
        Guid Id,
        Guid ChannelId,
        Guid AuthorId,
        string UserName,
        string Text,
        Guid? ReplyTo,
        DateTimeOffset SentAt,
        DateTimeOffset? EditedAt,
        int Edits,
        long Version,
        long Position
    );

    private sealed record ReactionRow(Guid MessageId, string Emoji, int Count, bool Me);
}
