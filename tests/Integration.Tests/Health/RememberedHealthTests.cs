using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Veza.Api.Health;

namespace Veza.Integration.Tests.Health;

public sealed class RememberedHealthTests
{
    private readonly ManualTime _time = new();
    private readonly Check _check = new();
    private readonly RememberedHealth _remembered;

    private readonly Lines _log = [];

    public RememberedHealthTests() => _remembered = new("disk", _check, _time, _log);

    [Fact]
    public async Task However_many_ask_at_once_the_check_is_asked_once()
    {
        var answers = Enumerable.Range(0, 100).Select(_ => AskAsync()).ToArray();
        await Eventually.TrueAsync(() => _check.Asked == 1);
        _check.Answer.SetResult(HealthCheckResult.Degraded("so so"));

        Assert.All(await Task.WhenAll(answers), a =>
            Assert.Equal((HealthStatus.Degraded, "so so"), (a.Status, a.Description))
        );
        Assert.Equal(1, _check.Asked);
    }

    [Fact]
    public async Task After_a_second_it_is_asked_again_and_not_before()
    {
        _check.Answer.SetResult(HealthCheckResult.Healthy());
        await AskAsync();
        _time.Advance(RememberedHealth.CachedFor / 2);
        await AskAsync();
        Assert.Equal(1, _check.Asked);

        _time.Advance(RememberedHealth.CachedFor / 2);
        await AskAsync();
        Assert.Equal(2, _check.Asked);
    }

    [Fact]
    public async Task A_caller_that_hangs_up_does_not_cancel_the_check_of_others()
    {
        using var hangsUp = new CancellationTokenSource();
        var (first, second) = (AskAsync(hangsUp.Token), AskAsync());
        await hangsUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        _check.Answer.SetResult(HealthCheckResult.Healthy());
        Assert.Equal(HealthStatus.Healthy, (await second).Status);
    }

    [Fact]
    public async Task A_fault_is_remembered_as_an_answer_is()
    {
        _check.Answer.SetException(new InvalidOperationException("broken"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => AskAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => AskAsync());
        Assert.Equal(1, _check.Asked);
    }

    [Fact]
    public async Task A_change_of_state_is_logged_once()
    {
        _check.Answer.SetResult(HealthCheckResult.Unhealthy("full"));
        for (var i = 0; i < 3; i++)
        {
            await AskAsync();
            _time.Advance(RememberedHealth.CachedFor);
        }
        Assert.Equal(3, _check.Asked);
        Assert.Equal("disk was Healthy and is Unhealthy: full", Assert.Single(_log));
    }

    private Task<HealthCheckResult> AskAsync(CancellationToken ct = default) => _remembered.CheckHealthAsync(new(), ct);

    private sealed class Lines : List<string>, ILogger<RememberedHealth>
    {
        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Add(formatter(state, exception));
    }

    private sealed class Check : IHealthCheck
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);
        public TaskCompletionSource<HealthCheckResult> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
        {
            Interlocked.Increment(ref _asked);
            return Answer.Task.WaitAsync(ct);
        }
    }
}
