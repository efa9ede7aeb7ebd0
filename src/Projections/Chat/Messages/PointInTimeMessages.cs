using Veza.Domain.Chat.Messages;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Messages;

/// <summary>Folds messages as of a position, from the events in the streams of the messages.</summary>
internal static class PointInTimeMessages
{
    /// <returns>How many of the messages existed.</returns>
    public static async Task<int> FoldMessagesAsync(
        this PointInTime past,
        IReadOnlyList<Guid> messages,
        CancellationToken ct,
        long from = 1
    )
    {
        past.ReadImmutable(Folds.Of<ProfilesProjection>());
        var table = past.Table(Folds.Of<ChannelMessagesProjection>());
        var before = table.Rows.Count;
        await past.FoldAsync(
            past.StreamsAsync(messages, ct, from),
            table,
            past.Table(Folds.Of<ReactionTallyProjection>()),
            past.Table(Folds.Of<MemberReactionsProjection>())
        );
        return table.Rows.Count - before;
    }

    /// <summary>
    /// Folds the messages nearest to a position, on one side of it, with the deleted ones that lie between them.
    /// </summary>
    /// <remarks>
    /// The index of topics keeps each message's position, also after its deletion. So a page deep in a long history
    /// costs the same as the newest page.
    /// </remarks>
    public static async Task FoldChannelAsync(
        this PointInTime past,
        Guid channel,
        long cursor,
        bool older,
        int limit,
        CancellationToken ct
    )
    {
        past.ReadImmutable(Folds.Of<ProfilesProjection>());
        var found = 0;
        do
        {
            var sent = await past.NearestStreamsAsync<MessageSent>(Topic.Channel(channel), cursor, older, limit, ct);
            if (sent.Count == 0)
                break;
            found += await past.FoldMessagesAsync(sent.ConvertAll(m => m.Stream), ct, sent.Min(m => m.Position));
            cursor = sent[^1].Position;
        } while (found < limit);
        past.Table(Folds.Of<ChannelMessagesProjection>());
        past.Table(Folds.Of<ReactionTallyProjection>());
        past.Table(Folds.Of<MemberReactionsProjection>());
    }
}
