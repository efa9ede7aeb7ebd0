using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Servers;

public class AbsenceTests(FaultServer server)
{
    [Fact]
    public async Task While_the_server_is_away_callers_get_an_unknown_outcome_and_no_such_command_is_doubled()
    {
        await using var trial = await server.BeginAsync();
        var node = await trial.OpenNodeAsync("hurried", new HurriedClock());
        trial.Watch(readers: 1);
        var load = node.Load(writers: 12, Extent.Seed);
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            var before = load.Accepted;
            await Eventually.TrueAsync(() => load.Accepted >= before + 50, what: "the load before the fault");
            var unknown = Unknown(trial);
            await trial.Postgres.KillAsync();
            // Twice the number of writers, because some have already retried.
            await Eventually.TrueAsync(() => Unknown(trial) >= unknown + 24, what: "answers that say unknown");
            await trial.Postgres.RestartAsync();
            await trial.ProgressAsync("long absence", "hurried");
        }
        await trial.HoldsAsync();
    }

    private static int Unknown(Trial trial) => trial.History.Calls.Count(c => c.Answer is { Kind: AnswerKind.Unknown });

    /// <summary>A clock that is twenty times as fast, so that the node soon gives up waiting for its server.</summary>
    private sealed class HurriedClock : TimeProvider
    {
        private const int Times = 20;

        public override long GetTimestamp() => base.GetTimestamp() * Times;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Hurried(dueTime), Hurried(period));

        private static TimeSpan Hurried(TimeSpan span) =>
            span <= TimeSpan.Zero ? span : TimeSpan.FromMilliseconds(Math.Max(1, span.TotalMilliseconds / Times));
    }
}
