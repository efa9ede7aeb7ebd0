using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Reactors.Running;

namespace Veza.Reactors.Tests;

public sealed class ReactorSweepTests
{
    private readonly ManualTime _clock = new();
    private volatile int _sweeps;

    [Fact]
    public async Task The_sweep_goes_on_after_the_database_was_away() =>
        await GoesOnAfterAsync(() => new NpgsqlException("the connection broke"));

    [Fact]
    public async Task The_sweep_goes_on_after_a_fault_that_is_not_the_databases() =>
        await GoesOnAfterAsync(() => new InvalidOperationException("the node has no number"));

    [Fact]
    public async Task The_sweep_goes_on_after_a_statement_of_its_own_was_cancelled() =>
        await GoesOnAfterAsync(() => new OperationCanceledException("not by the host"));

    private async Task GoesOnAfterAsync(Func<Exception> fault)
    {
        using var stopping = new CancellationTokenSource();
        var sweep = new ReactorSweep(SweepAsync, _clock, NullLogger.Instance);
        var running = sweep.RunAsync(stopping.Token);

        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(ReactorSweep.SweepEvery);
                return _sweeps >= 3 || running.IsCompleted;
            },
            what: "it sweeps again after two faults"
        );
        Assert.True(_sweeps >= 3, $"it swept {_sweeps} times: {running.Exception?.GetBaseException().Message}");

        await stopping.CancelAsync();
        await running;

        Task SweepAsync(CancellationToken ct) =>
            Interlocked.Increment(ref _sweeps) < 3 ? throw fault() : Task.CompletedTask;
    }
}
