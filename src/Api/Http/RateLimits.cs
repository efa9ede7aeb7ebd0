using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Veza.Commands.Dispatching;

namespace Veza.Api.Http;

/// <summary>
/// Limits requests per caller: a token bucket for each account and each API key, or for each address when the caller is
/// not signed in.
/// </summary>
public static class RateLimits
{
    /// <summary>
    /// Maximum number of buckets, at about 300 bytes each while not full. Beyond that, callers share buckets.
    /// </summary>
    public const int AccountBucketsMax = 1 << 20;

    /// <inheritdoc cref="AccountBucketsMax"/>
    public const int AddressBucketsMax = 1 << 16;

    /// <summary>
    /// Requests of one network to probes and metrics: some probes every second, and room for a person who looks.
    /// </summary>
    public const int WatchesPerMinute = 600;

    /// <summary>
    /// Permits that a point-in-time read takes from its caller's bucket. It folds the events behind its answer, where a
    /// plain read looks up existing rows. Over a log of 1,000 events it measured two to five times as long, and it
    /// grows with every event.
    /// </summary>
    public const int AsOfPermits = 10;

    /// <summary>The resolution of the limiter's clock.</summary>
    private static readonly TimeSpan PeriodMin = TimeSpan.FromMilliseconds(1);

    public static void AddRateLimits(this IServiceCollection services, int perMinute)
    {
        services.AddSingleton(new RateLimit(perMinute, perMinute.ToString(CultureInfo.InvariantCulture)));
        services.AddRateLimiter(o =>
        {
            // Created once; the overload for token buckets would create a factory for each request.
            var options = Options(perMinute);
            Func<Bucket, RateLimiter> make = _ => new TokenBucketRateLimiter(options);
            var ofWatchers = Options(WatchesPerMinute);
            Func<Bucket, RateLimiter> makeForWatchers = _ => new TokenBucketRateLimiter(ofWatchers);
            o.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, Bucket>(http =>
                Watches(http)
                    ? RateLimitPartition.Get(Bucket.OfWatcher(http), makeForWatchers)
                    : RateLimitPartition.Get(Bucket.Of(http), make)
            );
            o.OnRejected = async (rejected, _) => await RejectAsync(rejected.HttpContext, rejected.Lease);
        });
    }

    public static void UseRateLimits(this WebApplication app)
    {
        app.UseRateLimiter();
        app.Use(
            async (context, next) =>
            {
                // The middleware before took one permit, as it does for every request.
                if (AsOf.IsAsked(context) && !await TryTakeAsync(context, AsOfPermits - 1))
                    return;
                Describe(context);
                await next(context);
            }
        );
    }

    /// <returns>False when the request was refused.</returns>
    private static async Task<bool> TryTakeAsync(HttpContext http, int permits)
    {
        // A bucket that never holds so many gives all it has.
        var most = Math.Min(permits, http.RequestServices.GetRequiredService<RateLimit>().PerMinute - 1);
        if (most <= 0)
            return true;
        var buckets = http.RequestServices.GetRequiredService<IOptions<RateLimiterOptions>>().Value.GlobalLimiter!;
        using var lease = buckets.AttemptAcquire(http, most);
        if (lease.IsAcquired)
            return true;
        http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        await RejectAsync(http, lease);
        return false;
    }

    private static async Task RejectAsync(HttpContext http, RateLimitLease lease)
    {
        Describe(http);
        lease.TryGetMetadata(MetadataName.RetryAfter, out var wait);
        var perMinute = http.RequestServices.GetRequiredService<RateLimit>().PerMinute;
        var limit = perMinute.ToString("N0", CultureInfo.InvariantCulture);
        var why = $"RATE_LIMIT_PER_MINUTE is {limit} requests a minute";
        if (AsOf.IsAsked(http))
            why += $"; one that is answered as of the past counts as {AsOfPermits}";
        if (Watches(http))
            why = $"{WatchesPerMinute} requests a minute of one network are answered here";
        await Problems.WriteAsync(
            http,
            new("too_fast", RefusalKind.TooFast, why)
            {
                RetryAfter = wait > TimeSpan.FromSeconds(1) ? wait : TimeSpan.FromSeconds(1),
            }
        );
    }

    private static void Describe(HttpContext http)
    {
        if (Watches(http))
            return;
        var (limit, text) = http.RequestServices.GetRequiredService<RateLimit>();
        var left = http.RequestServices.GetRequiredService<IOptions<RateLimiterOptions>>()
            .Value.GlobalLimiter!.GetStatistics(http)
            ?.CurrentAvailablePermits
            ?? limit;
        var headers = http.Response.Headers;
        headers["RateLimit-Limit"] = text;
        headers["RateLimit-Remaining"] = left.ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Reset"] = Math.Ceiling((limit - left) * 60.0 / limit).ToString(CultureInfo.InvariantCulture);
    }

    private static TokenBucketRateLimiterOptions Options(int perMinute)
    {
        var period = TimeSpan.FromMinutes(1) / perMinute;
        if (period < PeriodMin)
            period = PeriodMin;
        return new()
        {
            TokenLimit = perMinute,
            ReplenishmentPeriod = period,
            TokensPerPeriod = Math.Max(1, (int)Math.Round(period / TimeSpan.FromMinutes(1) * perMinute)),
            QueueLimit = 0,
            // One timer fills all buckets.
            AutoReplenishment = false,
        };
    }

    /// <summary>
    /// Probes and metrics have a separate bucket, because they matter most when the process is busiest.
    /// </summary>
    private static bool Watches(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<WatchesProcess>() is not null;

    /// <param name="Text">The limit as text, for the headers of every answer.</param>
    private sealed record RateLimit(int PerMinute, string Text);

    private enum Whose
    {
        Accounts,
        Addresses,
        Watchers,
    }

    private readonly record struct Bucket(Whose Whose, int Number)
    {
        public static Bucket Of(HttpContext http) =>
            http.User is CallerPrincipal { Caller: var caller }
                ? new(
                    Whose.Accounts,
                    ((caller.IsApiKey ? caller.SessionId : caller.AccountId).GetHashCode() & int.MaxValue)
                        % AccountBucketsMax
                )
                : new(Whose.Addresses, OfNetwork(http));

        public static Bucket OfWatcher(HttpContext http) => new(Whose.Watchers, OfNetwork(http));

        private static int OfNetwork(HttpContext http) =>
            (Networks.Of(http.Connection.RemoteIpAddress).GetHashCode() & int.MaxValue) % AddressBucketsMax;
    }
}
