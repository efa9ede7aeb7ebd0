using JasperFx.Events;
using Marten;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Members;
using Veza.EventStore;

namespace Veza.Projections.Accounts;

/// <param name="Type">
/// In snake case, as in the log: <c>signed_in</c>, <c>sign_in_failed</c>, <c>session_ended</c>, <c>member_banned</c>,
/// ….
/// </param>
/// <param name="SessionId">The session or API key that it is about; null when it is about neither.</param>
/// <param name="Detail">
/// What a sign-in's device or an API key is called, why a session ended, which role was granted, why an operator
/// suspended the account, what an operator did to which read model; null for all others. Never what a moderator wrote:
/// a stranger may found a community, ban somebody and so put a text of theirs where a person looks for news of their
/// own account.
/// </param>
/// <param name="Moderation">What a moderator did; null when none did it.</param>
public sealed record SecurityEventView(
    long Position,
    DateTimeOffset At,
    string Type,
    Guid? SessionId,
    string? Detail,
    ModerationView? Moderation
);

/// <param name="Until">Of a time-out; null for all others.</param>
public sealed record ModerationView(Guid CommunityId, Guid ByMemberId, DateTimeOffset? Until);

/// <summary>What happened to the security of an account.</summary>
public sealed class SecurityEventQueries(ReadModels views, EventLog log, IDocumentStore store)
{
    public static readonly string[] Reads = ["accounts.security_events.v3"];

    /// <summary>
    /// The events before a position, newest first. Costs a look-up for the page and one for each event.
    /// </summary>
    /// <param name="moderation">Only what moderators did, or only the rest; null for both.</param>
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
            select position from views.accounts_security_events where account_id = @account and position < @before {(
                moderation is null ? "" : "and moderation = @moderation"
            )}
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
        // The bounds say nothing new, except to PostgreSQL's planner: only they leave partitions out.
        var (first, last, all) = (positions[^1], positions[0], positions.ToArray());
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
