using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>A request to prove an e-mail address.</summary>
/// <param name="ProofId">The one token that proves the address is derived from it.</param>
/// <param name="RequestedAt">The times of the newest requests, oldest first.</param>
public sealed record EmailProof(Guid ProofId, DateTimeOffset ExpiresAt, ImmutableList<DateTimeOffset> RequestedAt)
{
    /// <summary>A person who registers in the evening may read the mail the next day.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>Mail takes about as long to arrive. An earlier second request does not help.</summary>
    public static readonly TimeSpan WaitMin = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Requests of one account in a day. The account chooses the addresses, and their owners may not want the mail.
    /// </summary>
    public const int PerDayMax = 10;

    /// <returns>How long the next request must wait; null when it need not.</returns>
    public TimeSpan? Wait(DateTimeOffset now)
    {
        var next = RequestedAt[^1] + WaitMin;
        var free = RequestedAt.Count < PerDayMax ? next : RequestedAt[0] + TimeSpan.FromDays(1);
        if (free > next)
            next = free;
        return next > now ? next - now : null;
    }
}
