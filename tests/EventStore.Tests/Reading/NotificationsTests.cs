using Npgsql;
using Veza.EventStore.Database;

namespace Veza.EventStore.Tests.Reading;

public class NotificationsTests(LogFixture fixture)
{
    /// <summary>So many runs that most would lose a cancellation if the wait had no limit.</summary>
    private const int Rounds = 50_000;

    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_listener_stops_at_any_moment_of_its_cancellation()
    {
        await using var source = NpgsqlDataSource.Create(await fixture.NewDatabaseAsync());
        await using var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (var listen = new NpgsqlCommand("listen something", connection))
            await listen.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < Rounds; i++)
        {
            using var stopping = new CancellationTokenSource();
            var spins = i % 400;
            var stopped = Task.Run(
                () =>
                {
                    Thread.SpinWait(spins);
                    stopping.Cancel();
                },
                CancellationToken.None
            );
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                connection.HearNotificationsAsync(stopping.Token).WaitAsync(EndsWithin)
            );
            await stopped;
        }
    }
}
