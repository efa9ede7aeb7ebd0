using Npgsql;

namespace Veza.EventStore.Tests.Reading;

public class FailedStatementTests(LogFixture fixture)
{
    [Fact]
    public async Task A_statement_that_failed_for_one_does_not_fail_for_the_next()
    {
        await using var log = await fixture.OpenNewAsync();
        // PostgreSQL rejects U+0000. A statement that fails at its first or any later use must leave its connection
        // usable.
        for (var good = 0; good < 4; good++)
        {
            for (var i = 0; i < good; i++)
                Assert.Null(await log.Reader.FindNameAsync("user_name", "ada", CancellationToken.None));
            await Assert.ThrowsAsync<PostgresException>(() =>
                log.Reader.FindNameAsync("user_name", "a\0b", CancellationToken.None)
            );
            Assert.Null(await log.Reader.FindNameAsync("user_name", "ada", CancellationToken.None));
            log.Database.Clear();
        }
    }
}
