using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api;
using Veza.Api.Http;
using Veza.EventStore.Projections;
using Veza.Projections.Accounts;

namespace Veza.Integration.Tests.Http;

/// <summary>
/// A read waits for its caller's last write without being asked. On its own server, because the test blocks a read
/// model.
/// </summary>
public sealed class OwnWritesTests(VezaServer server) : IClassFixture<VezaServer>
{
    /// <summary>An account may found a hundred communities.</summary>
    private const int CommunitiesPerPerson = 50;
    private const int Communities = 200;

    [Fact]
    public async Task The_creator_of_a_community_lists_its_channels_in_the_next_request()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        await CreateAndListAsync(client, writeAt: server.Address, readAt: server.Address);
    }

    [Fact]
    public async Task The_creator_of_a_community_on_one_node_lists_its_channels_on_another_in_the_next_request()
    {
        await using var other = await VezaHost.StartAsync(
            VezaServer.Settings(server.Home, ("ROLES", "api")),
            server.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        using var client = new HttpClient(new SocketsHttpHandler { CookieContainer = new() });
        await CreateAndListAsync(client, writeAt: server.Address, readAt: other.Address);
        await CreateAndListAsync(client, writeAt: other.Address, readAt: server.Address);
    }

    [Fact]
    public async Task The_wait_is_bounded_says_what_it_waited_for_and_can_be_turned_off()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        var (ana, bo) = (await server.RegisterAsync("ana"), await server.RegisterAsync("bo"));
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var held = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        // This transaction blocks the projection of follows until it ends.
        await using (
            var hold = new NpgsqlCommand("lock table views.social_follows_v1 in exclusive mode", connection, held)
        )
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await ana.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        var followers = $"{server.Address}/api/v1/accounts/{bo.Id}/followers";

        var refused = await SendAsync(client, HttpMethod.Get, followers, ana)
            .RefusedAsync(HttpStatusCode.ServiceUnavailable, "not_there_yet");
        Assert.EndsWith(
            $"after waiting {ReadYourWrites.WaitMax.TotalSeconds} s; your last write asks for {ana.Position} "
                + "(Veza-After: 0 reads without waiting)",
            refused.GetProperty("detail").GetString(),
            StringComparison.Ordinal
        );
        Assert.Empty((await SendAsync(client, HttpMethod.Get, followers, ana, after: "0").JsonAsync()).Items());
        // Callers that have not written do not wait.
        Assert.Empty(
            (
                await SendAsync(client, HttpMethod.Get, followers, await server.RegisterAsync("cy"), after: "0")
                    .JsonAsync()
            ).Items()
        );

        await held.RollbackAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            ana.Id,
            Assert
                .Single((await SendAsync(client, HttpMethod.Get, followers, ana).JsonAsync()).Items())
                .GetProperty("account")
                .Id()
        );
    }

    [Theory]
    [InlineData("veza_after=999999999")]
    [InlineData("veza_after=-1")]
    [InlineData("veza_after=99999999999999999999")]
    [InlineData("veza_after=soon; a=b; ;;=\u0002")]
    public async Task A_cookie_that_names_no_position_of_this_log_is_ignored(string cookie)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        await SendAsync(
                client,
                HttpMethod.Get,
                $"{server.Address}/api/v1/feed",
                await server.SharedAsync("ada"),
                cookie: cookie
            )
            .JsonAsync();
    }

    [Fact]
    public async Task A_write_leaves_its_position_in_a_cookie_that_no_script_can_read_and_that_ends_soon()
    {
        var ana = await server.RegisterAsync("ana");
        var answer = await ana.PostAsync("/api/v1/communities", new { name = "Crate diggers" });
        Assert.Equal(
            $"veza_after={ana.Position}; max-age=60; path=/api; samesite=lax; httponly",
            answer.Headers.GetValues("Set-Cookie").Single()
        );
        Assert.False((await ana.GetAsync("/api/v1/feed")).Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task A_read_with_nothing_to_wait_for_looks_in_memory_and_allocates_nothing()
    {
        var ana = await server.RegisterAsync("ana");
        await ana.GetAsync("/api/v1/accounts/me").JsonAsync();
        var services = server.Running.App.Services;
        var (own, projections) = (
            services.GetRequiredService<OwnWrites>(),
            services.GetRequiredService<ProjectionHost>()
        );
        var reads = AccountQueries.Reads;
        // Registering was her last write.
        Assert.InRange(own.Of(ana.Id), 1, server.Running.Log.Head);
        Assert.True(projections.HasReached(reads, own.Of(ana.Id)));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var reached = own.Of(Guid.Empty) == 0 && projections.HasReached(reads, own.Of(ana.Id));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((true, 0L), (reached, allocated));
    }

    [Fact]
    public void Of_more_accounts_than_are_remembered_the_newest_stay()
    {
        var own = new OwnWrites();
        var ids = Enumerable.Range(1, 2 * OwnWrites.AccountsMax).Select(i => new Guid(i, 0, 0, new byte[8])).ToList();
        for (var i = 0; i < ids.Count; i++)
            own.Record(ids[i], i + 1);
        own.Record(ids[^1], 1);

        Assert.Equal(ids.Count, own.Of(ids[^1]));
        Assert.All(ids.TakeLast(OwnWrites.AccountsMax / 2), id => Assert.NotEqual(0, own.Of(id)));
        Assert.InRange(ids.Count(id => own.Of(id) != 0), 1, OwnWrites.AccountsMax);
    }

    private async Task CreateAndListAsync(HttpClient client, string writeAt, string readAt)
    {
        Person? founder = null;
        for (var i = 0; i < Communities; i++)
        {
            if (i % CommunitiesPerPerson == 0)
                founder = await server.RegisterAsync("founder");
            var made = await SendAsync(
                    client,
                    HttpMethod.Post,
                    $"{writeAt}/api/v1/communities",
                    founder!,
                    new { name = $"Community {i}" }
                )
                .JsonAsync(HttpStatusCode.Created);
            var channels = await SendAsync(
                    client,
                    HttpMethod.Get,
                    $"{readAt}/api/v1/communities/{made.Id()}/channels",
                    founder!
                )
                .JsonAsync();
            Assert.Equal(made.GetProperty("generalChannelId").GetGuid(), Assert.Single(channels.Items()).Id());
        }
    }

    private static Task<HttpResponseMessage> SendAsync(
        HttpClient client,
        HttpMethod method,
        string url,
        Person person,
        object? body = null,
        string? after = null,
        string? cookie = null
    )
    {
        var request = new HttpRequestMessage(method, url)
        {
            Content = body is null ? null : JsonContent.Create(body, body.GetType()),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", person.AccessToken);
        if (after is not null)
            request.Headers.Add("Veza-After", after);
        if (cookie is not null)
            request.Headers.TryAddWithoutValidation("Cookie", cookie);
        return client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
