using System.Net;
using Npgsql;
using Veza.Api.Http;

namespace Veza.Integration.Tests.Http;

/// <summary>On its own server, because the tests block a read model.</summary>
public class ReadYourWritesTests(VezaServer server) : IClassFixture<VezaServer>
{
    [Fact]
    public async Task A_read_waits_for_its_own_projections_only_and_says_which_is_behind()
    {
        var (ana, bo) = (await server.RegisterAsync("ana"), await server.RegisterAsync("bo"));
        await ana.GetAsync("/api/v1/accounts/me").JsonAsync();
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var held = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        // This transaction blocks the projection of follows until it ends.
        await using (
            var hold = new NpgsqlCommand("lock table views.social_follows_v1 in exclusive mode", connection, held)
        )
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await ana.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        Assert.Empty((await ana.GetAsync("/api/v1/communities").JsonAsync()).Items());
        var refused = await ana.GetAsync($"/api/v1/accounts/{bo.Id}/followers");
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        var detail = (await Task.FromResult(refused).RefusedAsync(HttpStatusCode.ServiceUnavailable, "not_there_yet"))
            .GetProperty("detail")
            .GetString()!;
        Assert.Matches(
            "^social\\.follows\\.v1 is at \\d+, [1-9]\\d* behind the log, after waiting "
                + $"{ReadYourWrites.WaitMax.TotalSeconds} s; Veza-After asks for {ana.Position}$",
            detail
        );

        await held.RollbackAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            ana.Id,
            Assert
                .Single((await ana.GetAsync($"/api/v1/accounts/{bo.Id}/followers").JsonAsync()).Items())
                .GetProperty("account")
                .Id()
        );
    }

    [Fact]
    public async Task A_position_that_the_log_does_not_have_is_not_waited_for()
    {
        var problem = await (await server.SharedAsync("ada"))
            .GetAsync("/api/v1/feed", ("Veza-After", "999999999"))
            .RefusedAsync(HttpStatusCode.BadRequest, "position_ahead");
        Assert.StartsWith(
            "Veza-After is 999999999; the log's head is ",
            problem.GetProperty("detail").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_invalid_position_is_refused() =>
        await (await server.SharedAsync("ada"))
            .GetAsync("/api/v1/feed", ("Veza-After", "soon"))
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
}
