using JasperFx.Events;
using Marten;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Members;
using Veza.EventStore;

namespace Veza.Projections.Accounts;

/// <param name="Type">
/// The event type in snake case, as in the log: <c>signed_in</c>, <c>sign_in_failed</c>, <c>session_ended</c>,
/// <c>member_banned</c>, ….
/// </param>
/// <param name="SessionId">The session or API key that it concerns; null when it concerns neither.</param>
/// <param name="Detail">
/// The name of a sign-in's device or of an API key, why a session ended, the granted role, why an operator suspended
/// the account, or an operator's act and its read model; null for all other types. It never holds a moderator's text:
/// any user can found a community, ban a person, and so place a text in this list.
/// </param>
/// <param name="Moderation">The moderator's act; null for all other types.</param>
public sealed record SecurityEventView(
    long Position,
    DateTimeOffset At,
    string Type,
    Guid? SessionId,
    string? Detail,
    ModerationView? Moderation
);

/// <param name="Until">The end of a time-out; null for all other acts.</param>
public sealed record ModerationView(Guid CommunityId, Guid ByMemberId, DateTimeOffset? Until);

/// <summary>The security events of an account.</summary>
public sealed class SecurityEventQueries(ReadModels views, EventLog log, IDocumentStore store)
{
    public static readonly string[] Reads = [SecurityEventsProjection.ProjectionName];

    /// <summary>
    /// The events before a position, newest first. Costs one look-up for the page and one for each event.
    /// </summary>
    /// <param name="moderation">True selects moderators' acts, false all other events; null selects both.</param>
    public async Task<List<SecurityEventView>> PageAsync(
        Guid account,
        bool? moderation,
        long? before,
        int limit,
        CancellationToken ct
    )
    {
        var positions = await views.ListAsync<long>(
            $"""
            select position from {views.Table<SecurityEventsProjection>()}
            where account_id = @account and position < @before
            {(moderation is null ? "" : "and moderation = @moderation")}
            order by position desc limit @limit
            """,
            new
            {
                account,
                moderation,
                before = before ?? long.MaxValue,
                limit,
            },
            ct
        );
        if (positions.Count == 0)
            return [];
        // The bounds are redundant, but PostgreSQL's planner skips partitions only because of them.
        var first = positions[^1];
        var last = positions[0];
        var all = positions.ToArray();
        await using var session = store.QuerySession();
        var events = await session
            .Events.QueryAllRawEvents()
            .Where(e => e.Sequence >= first && e.Sequence <= last && e.Sequence.IsOneOf(all))
            .OrderByDescending(e => e.Sequence)
            .ToListAsync(ct);
        if (events.Count < positions.Count)
            throw new InvalidOperationException(
                $"of {positions.Count} events of the security of {account}, the log has {events.Count}"
            );
        return [.. events.Select(Shown)];
    }

    private SecurityEventView Shown(IEvent e)
    {
        var (session, detail) = e.Data switch
        {
            SignedIn s => (s.SessionId, s.Device),
            SessionEnded s => (s.SessionId, s.Reason),
            ApiKeyCreated k => (k.KeyId, k.Name),
            ApiKeyUsed k => (k.KeyId, null),
            RoleGranted r => (null, r.Role),
            AccountSuspended s => (null, s.Reason),
            AccountSuspensionEnded s => (null, s.Reason),
            LogRead l => (l.SessionId, null),
            OperatorActed o => (null, $"{o.Act} {o.Subject}"),
            _ => ((Guid?)null, (string?)null),
        };
        var moderation = e.Data switch
        {
            MemberKicked m => new(m.CommunityId, m.ByMemberId, null),
            MemberBanned m => new(m.CommunityId, m.ByMemberId, null),
            MemberUnbanned m => new(m.CommunityId, m.ByMemberId, null),
            MemberTimedOut m => new(m.CommunityId, m.ByMemberId, m.Until),
            MemberTimeOutEnded m => new(m.CommunityId, m.ByMemberId, null),
            _ => (ModerationView?)null,
        };
        return new(e.Sequence, e.Timestamp, log.Types.NameOf(e.EventTypeName), session, detail, moderation);
    }
}
