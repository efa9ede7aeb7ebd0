using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Projections.Accounts;

/// <param name="Type">In snake case, as in the log: <c>signed_in</c>, <c>sign_in_failed</c>, <c>session_ended</c>, ….</param>
/// <param name="SessionId">The session or API key that it is about; null when it is about neither.</param>
/// <param name="Detail">What a sign-in's device or an API key is called, why a session ended, which role was granted; null for all others.</param>
public sealed record SecurityEventView(long Position, DateTimeOffset At, string Type, Guid? SessionId, string? Detail);

/// <summary>What happened to the security of an account.</summary>
public sealed class SecurityEventQueries(ReadModels views, EventLog log)
{
    public static readonly string[] Reads = ["accounts.security_events.v1"];

    /// <summary>The events before a position, newest first. Costs a look-up for the page and one for each event.</summary>
    public async Task<List<SecurityEventView>> PageAsync(Guid account, long? before, int limit, CancellationToken ct)
    {
        var positions = await views.ListAsync<long>("""
            select position from views.accounts_security_events where account_id = @account and position < @before order by position desc limit @limit
            """, new { account, before = before ?? long.MaxValue, limit }, ct);
        var events = await log.Reader.ReadPositionsAsync([.. positions.Order()], ct);
        if (events.Count < positions.Count) throw new InvalidOperationException($"of {positions.Count} events of the security of {account}, the log has {events.Count}");
        events.Reverse();
        return events.ConvertAll(Shown);
    }

    private static SecurityEventView Shown(RecordedEvent e)
    {
        var (session, detail) = e.Data switch
        {
            SignedIn s => (s.SessionId, s.Device),
            SessionEnded s => (s.SessionId, s.Reason),
            ApiKeyCreated k => (k.KeyId, k.Name),
            ApiKeyUsed k => (k.KeyId, null),
            RoleGranted r => (null, r.Role),
            _ => ((Guid?)null, (string?)null),
        };
        return new(e.Position, e.At, e.Name, session, detail);
    }
}
