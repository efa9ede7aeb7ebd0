using System.Threading.RateLimiting;
using Veza.Commands.Dispatching;

namespace Veza.Api.Accounts;

/// <summary>
/// Limits the mails that callers of one network may request without signing in, on this node. Safe from any thread.
/// </summary>
public sealed class MailRequests : IDisposable
{
    /// <summary>In one hour; a school or a mobile carrier has many people behind one address.</summary>
    public const int PerNetworkMax = 30;

    private static readonly TokenBucketRateLimiterOptions Bucket = new()
    {
        TokenLimit = PerNetworkMax,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromHours(1) / PerNetworkMax,
        // One timer fills all buckets.
        QueueLimit = 0,
        AutoReplenishment = false,
    };

    // The limiter drops buckets that are full again.
    private readonly PartitionedRateLimiter<Guid> _networks = PartitionedRateLimiter.Create<Guid, Guid>(network =>
        RateLimitPartition.GetTokenBucketLimiter(network, _ => Bucket)
    );

    /// <summary>Takes one request from a network's allowance.</summary>
    /// <returns>The refusal when the network must wait; null when it may go on.</returns>
    public Refusal? Wait(Guid network)
    {
        using var lease = _networks.AttemptAcquire(network);
        if (lease.IsAcquired)
            return null;
        return new("too_fast", RefusalKind.TooFast, $"{PerNetworkMax} mails an hour can be asked for from one network")
        {
            RetryAfter = Bucket.ReplenishmentPeriod,
        };
    }

    public void Dispose() => _networks.Dispose();
}
