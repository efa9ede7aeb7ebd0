using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Api.Http;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Connections that send a byte now and then to hold resources. They are cut at the named limits, and others are served
/// meanwhile. On its own node, so that no other test waits.
/// </summary>
public sealed class SlowConnectionTests(VezaServer server) : IAsyncLifetime
{
    private const int AtOnce = 100;
    private static readonly TimeSpan ByteEvery = TimeSpan.FromSeconds(1);
    private RunningVeza _node = null!;

    public async ValueTask InitializeAsync() =>
        _node = await VezaHost.StartAsync(
            VezaServer.Settings(server.Home, ("ROLES", "api,realtime,media"), ("TRUSTED_PROXIES", "")),
            server.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_client_that_sends_a_byte_a_second_is_cut_and_others_are_served_meanwhile()
    {
        var ada = await server.SharedAsync("ada");
        (string Begins, string Goes)[] kinds =
        [
            ("GET /api/v1/feed HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a"),
            ("G", "E"),
            (
                "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 1000\r\n\r\n",
                "{"
            ),
            (
                "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n",
                "{"
            ),
            (
                "POST /api/v1/tracks HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                    + $"Authorization: Bearer {ada.AccessToken}\r\nContent-Length: 1000\r\n\r\n",
                "-"
            ),
            ($"PUT /live/{Guid.CreateVersion7()} HTTP/1.1\r\nX-Slow: ", "a"),
            ("P", "U"),
        ];
        var slow = await Task.WhenAll(
            Enumerable
                .Range(0, AtOnce)
                .Select(async i =>
                {
                    var connection = await RawHttp.OpenAsync(_node.Address);
                    var (begins, goes) = kinds[i % kinds.Length];
                    await connection.SendAsync(Encoding.ASCII.GetBytes(begins));
                    return (Connection: connection, Byte: Encoding.ASCII.GetBytes(goes), Kind: begins.Split("\r\n")[0]);
                })
        );
        var served = 0;
        var started = Stopwatch.GetTimestamp();
        var open = slow.ToList();
        while (open.Count > 0)
        {
            Assert.True(
                Stopwatch.GetElapsedTime(started) < RawHttp.AnswersMax,
                $"{open.Count} of {AtOnce} slow connections are open still, such as {open.FirstOrDefault().Kind}"
            );
            foreach (var (connection, one, _) in open)
                try
                {
                    await connection.SendAsync(one);
                }
                catch (IOException)
                { /* It is cut. */
                }
            using var request = new HttpRequestMessage(HttpMethod.Get, _node.Address + "/api/v1/accounts/me");
            request.Headers.Authorization = new("Bearer", ada.AccessToken);
            using (var answer = await Http.SendAsync(request))
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            served++;
            await Task.Delay(ByteEvery);
            // The answer can be read to its end without waiting: the server closes a connection that it refuses.
            open.RemoveAll(s => s.Connection.IsCut());
        }
        Assert.True(
            served >= 3,
            $"{AtOnce} slow connections were gone after {served} requests of others, so nothing was shown"
        );
        foreach (var (connection, _, _) in slow)
            connection.Dispose();
    }

    [Fact]
    public async Task Bodies_that_trickle_in_do_not_block_sign_ins()
    {
        var ada = await server.RegisterAsync("ada");
        // Fast enough to last as long as a sign-in may take, and more than the slots for hashing.
        const int bytesASecond = (int)RequestLimits.BodyBytesPerSecondMin * 4;
        using var done = new CancellationTokenSource(RawHttp.AnswersMax);
        var slow = await Task.WhenAll(
            Enumerable
                .Range(0, Environment.ProcessorCount + 1)
                .Select(async _ =>
                {
                    var connection = await RawHttp.OpenAsync(_node.Address);
                    await connection.SendAsync(
                        Encoding.ASCII.GetBytes(
                            "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                + $"Content-Length: 100000\r\n\r\n{{"
                        )
                    );
                    return connection;
                })
        );
        var trickling = Task.WhenAll(
            slow.Select(async connection =>
            {
                while (!done.IsCancellationRequested)
                {
                    await connection.SendAsync(Encoding.ASCII.GetBytes(new string(' ', bytesASecond / 10)));
                    await Task.Delay(ByteEvery / 10);
                }
            })
        );
        using (var body = JsonContent.Create(new { name = ada.UserName, password = "correct horse battery" }))
        using (var answer = await Http.PostAsync(_node.Address + "/api/v1/sessions", body, done.Token))
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.All(slow, connection => Assert.False(connection.IsCut()));
        await done.CancelAsync();
        await trickling;
        foreach (var connection in slow)
            connection.Dispose();
    }

    private static readonly HttpClient Http = new();
}
