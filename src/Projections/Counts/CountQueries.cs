using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Comments;
using Veza.Domain.Social.Follows;
using Veza.Domain.Social.Likes;
using Veza.EventStore;

namespace Veza.Projections.Counts;

/// <summary>An event that changed a number.</summary>
/// <param name="Type">The event type in snake case, as in the log.</param>
/// <param name="Change">The change of the number: 1 or -1.</param>
/// <param name="AccountId">
/// The account that caused it; for follows, the other account. Null where the reader may not know: only the owner of a
/// track and the listener see who played it.
/// </param>
public sealed record CountedEventView(long Position, DateTimeOffset At, string Type, int Change, Guid? AccountId);

/// <summary>The events that a number was counted from.</summary>
public sealed class CountQueries(ReadModels views, EventLog log)
{
    public static readonly string[] Reads = [CountedEventsProjection.ProjectionName];

    /// <summary>
    /// The events after a position, oldest first. Costs one look-up for the page and one for each event, independent of
    /// the size of the log.
    /// </summary>
    /// <param name="since">Only events from this moment on; null for all.</param>
    /// <param name="until">Only events before this moment; null for all.</param>
    /// <param name="emoji">The emoji of reactions; empty for all other numbers.</param>
    public async Task<List<CountedEventView>> PageAsync(
        Guid subject,
        CountedNumber number,
        string emoji,
        long after,
        DateTimeOffset? since,
        DateTimeOffset? until,
        int limit,
        Guid reader,
        CancellationToken ct
    )
    {
        if (since is { } from)
            after = Math.Max(after, await log.Reader.PositionBeforeAsync(from, ct));
        var upTo = until is { } end ? await log.Reader.PositionBeforeAsync(end, ct) : long.MaxValue;
        var rows = await views.ListAsync<Row>(
            $"""
            select position, change from {views.Table<CountedEventsProjection>()}
            where subject_id = @subject and number = @number and emoji = @emoji
              and position > @after and position <= @upTo order by position limit @limit
            """,
            new
            {
                subject,
                number = number.ToString(),
                emoji,
                after,
                upTo,
                limit,
            },
            ct
        );
        var events = await log.Reader.ReadPositionsAsync([.. rows.Select(r => r.Position)], ct);
        if (events.Count < rows.Count)
            throw new InvalidOperationException(
                $"of {rows.Count} events that {number} of {subject} were counted from, the log has {events.Count}"
            );
        return
        [
            .. events.Zip(rows, (e, row) =>
                new CountedEventView(e.Position, e.At, e.Name, row.Change, AccountOf(e.Data, number, reader))
            ),
        ];
    }

    private static Guid? AccountOf(object? data, CountedNumber number, Guid reader) =>
        data switch
        {
            PlayCounted e => reader == e.OwnerId || reader == e.ListenerId ? e.ListenerId : null,
            TrackLiked e => e.AccountId,
            TrackUnliked e => e.AccountId,
            TrackReposted e => e.AccountId,
            TrackRepostRemoved e => e.AccountId,
            TrackCommented e => e.AuthorId,
            TrackUploaded e => e.OwnerId,
            FollowStarted e => number == CountedNumber.Followers ? e.FollowerId : e.FolloweeId,
            FollowStopped e => number == CountedNumber.Followers ? e.FollowerId : e.FolloweeId,
            MemberJoined e => e.MemberId,
            MemberLeft e => e.MemberId,
            ReactionAdded e => e.MemberId,
            ReactionRemoved e => e.MemberId,
            _ => null,
        };

    private sealed record Row(long Position, int Change);
}
