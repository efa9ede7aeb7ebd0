using Veza.Domain.Chat.Messages;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;

namespace Veza.Projections.Chat.Messages;

/// <summary>Which events messages of the past are made of: those of the messages' own streams.</summary>
internal static class PastMessages
{
    /// <returns>How many of the messages there were.</returns>
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
    /// The nearest messages on one side of a position, with as many that were deleted as lie between them.
    /// </summary>
    /// <remarks>
    /// Where each message was sent is known whether or not it was deleted, and never changes: a page deep in a long
    /// history costs what the newest does.
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
            var sent = await past.NearestStreamsAsync<MessageSent>($"channel:{channel}", cursor, older, limit, ct);
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
