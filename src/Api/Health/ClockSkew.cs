using Npgsql;

namespace Veza.Api.Health;

/// <summary>Measures how far this machine's clock is ahead of the database's, which dates the events.</summary>
internal sealed class ClockSkew(NpgsqlDataSource database, TimeProvider clock, ILogger<ClockSkew> log)
{
    /// <summary>
    /// A larger difference means a faulty clock: machines with synchronised clocks differ by milliseconds. Tokens allow
    /// thirty seconds between nodes, so this reports before any request is refused.
    /// </summary>
    public static readonly TimeSpan Max = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <returns>
    /// Positive when this machine is ahead. The duration of the query is counted in favour of the clocks.
    /// </returns>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    /// <exception cref="OperationCanceledException">The database did not answer in time.</exception>
    public async Task<TimeSpan> MeasureAsync(CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(Patience);
        await using var connection = await database.OpenConnectionAsync(limited.Token);
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        var before = clock.GetUtcNow();
        var there = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(limited.Token))!, TimeSpan.Zero);
        var after = clock.GetUtcNow();
        return before > there ? before - there
            : after < there ? after - there
            : TimeSpan.Zero;
    }

    public static string Say(TimeSpan skew) =>
        $"this machine's clock is {Math.Abs(skew.TotalSeconds):F1} s {(skew > TimeSpan.Zero ? "ahead of" : "behind")} "
        + $"the database's; {Max.TotalSeconds} s are allowed";

    /// <summary>
    /// Logs a warning when the clocks differ by more than <see cref="Max"/>. An unreachable database is reported
    /// elsewhere.
    /// </summary>
    public async Task WarnAsync(CancellationToken ct)
    {
        try
        {
            var skew = await MeasureAsync(ct);
            if (skew.Duration() > Max)
                log.LogWarning("{Skew}", Say(skew));
        }
        catch (Exception away) when (ClockHealth.IsAway(away, ct)) { }
    }
}
