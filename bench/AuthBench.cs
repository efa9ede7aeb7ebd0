using System.Diagnostics;
using System.Text;
using Veza.Api.Auth;
using Veza.EventStore.Postgres;

namespace Veza.Bench;

/// <summary>
/// The cost of verifying an access token: for its first request, and for later ones from the cache. As for every
/// request, it looks up the token's text, its session's end and its expiry.
/// </summary>
internal static class AuthBench
{
    private const int Tokens = 10_000,
        LookUps = 1_000_000,
        Rounds = 5;

    public static async Task<int> RunAsync()
    {
        await using var postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);
        await using var log = await BenchLog.OpenAsync(postgres.ConnectionString);
        using var keys = new SigningKeys(
            Encoding.UTF8.GetBytes("only-the-bench-itself-signs-with-this-secret"),
            TimeProvider.System
        );
        var access = new AccessTokens(keys, TimeProvider.System);
        string[] tokens =
        [
            .. Enumerable.Range(0, Tokens).Select(_ => access.Issue(Guid.CreateVersion7(), Guid.CreateVersion7(), [])),
        ];
        var order = Enumerable.Range(0, LookUps).Select(_ => tokens[Random.Shared.Next(Tokens)]).ToArray();
        List<(double First, double Again)> rounds = [];
        for (var round = 0; round <= Rounds; round++)
        {
            var callers = new AccessTokenCache(
                access,
                new EndedSessions(log, TimeProvider.System),
                TimeProvider.System
            );
            rounds.Add((Microseconds(callers, tokens), Microseconds(callers, order)));
        }
        Report.Machine($"{Tokens:N0} tokens, one thread; {Rounds} rounds, medians");
        Report.Head("µs each");
        // The first round warms up the runtime.
        Report.Row("a token shown for the first time", Measure.Median(rounds.Skip(1).Select(r => r.First)));
        Report.Row("one that is remembered, in any order", Measure.Median(rounds.Skip(1).Select(r => r.Again)));
        return 0;
    }

    private static double Microseconds(AccessTokenCache callers, string[] tokens)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var token in tokens)
            if (!callers.Authenticate(token).Succeeded)
                throw new InvalidOperationException("a token was refused");
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / tokens.Length;
    }
}
