using System.Net;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Veza.Integration.Tests.Http;

/// <summary>
/// The stored fingerprint of a request with an idempotency key does not allow to guess the request, not even a short
/// text that was erased.
/// </summary>
public class RequestFingerprintTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const string Body = """{"name":"Vinyl diggers"}""";

    [Fact]
    public async Task A_stored_fingerprint_is_not_what_anybody_can_compute_from_the_request()
    {
        var ada = await veza.RegisterAsync("ada");
        const string Secret = """{"name":"Hard to guess"}""";
        var made = await SendAsync(ada, Secret).JsonAsync(HttpStatusCode.Created);
        Assert.DoesNotContain(await StoredAsync(), stored => stored.AsSpan().IndexOf(Plain(Secret)) >= 0);
        Assert.Equal(made.Id(), (await SendAsync(ada, Secret).JsonAsync(HttpStatusCode.Created)).Id());
        await SendAsync(ada, """{"name":"Other"}""")
            .RefusedAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Fact]
    public async Task A_repeat_of_a_request_that_an_earlier_release_answered_is_recognised()
    {
        var ada = await veza.RegisterAsync("ada");
        var made = await SendAsync(ada, Body).JsonAsync(HttpStatusCode.Created);
        await ExecuteAsync(
            "update log.commands set fingerprint = $1 where answer->>'id' = $2",
            Plain(Body),
            $"{made.Id()}"
        );
        Assert.Equal(made.Id(), (await SendAsync(ada, Body).JsonAsync(HttpStatusCode.Created)).Id());
        await SendAsync(ada, """{"name":"Other"}""")
            .RefusedAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    private static Task<HttpResponseMessage> SendAsync(Person person, string body) =>
        person.SendAsync(
            HttpMethod.Post,
            "/api/v1/communities",
            new StringContent(body, Encoding.UTF8, "application/json"),
            ("Idempotency-Key", "once")
        );

    /// <summary>The fingerprint as earlier releases stored it.</summary>
    private static byte[] Plain(string body) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"POST /api/v1/communities\n{body}"));

    private async Task<List<byte[]>> StoredAsync()
    {
        await using var database = NpgsqlDataSource.Create(veza.ConnectionString);
        await using var command = database.CreateCommand(
            "select fingerprint from log.commands where octet_length(fingerprint) > 0"
        );
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        List<byte[]> all = [];
        while (await rows.ReadAsync(TestContext.Current.CancellationToken))
            all.Add(rows.GetFieldValue<byte[]>(0));
        Assert.NotEmpty(all);
        return all;
    }

    private async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var database = NpgsqlDataSource.Create(veza.ConnectionString);
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        Assert.Equal(1, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
    }
}
