using System.Net;
using System.Net.Sockets;
using System.Text;
using Veza.Cli;
using Veza.Tests;

namespace Veza.Integration.Tests.Cli;

public sealed class HealthCommandTests(VezaServer server)
{
    [Fact]
    public async Task A_node_that_serves_is_ready_and_live()
    {
        Assert.Null(await AskAsync(server.Address));
        Assert.Null(await AskAsync(server.Address, path: "/health/live"));
    }

    [Fact]
    public async Task Of_a_node_that_is_not_ready_one_reads_the_failing_checks_alone()
    {
        const string report = """
            {"status":"unhealthy","checks":{
              "log":{"status":"unhealthy","detail":"no connection"},
              "disk":{"status":"degraded","detail":"nearly full"},
              "clock":{"status":"healthy","detail":null}}}
            """;
        var problem = await AskAsync(AnswerOnce(report));

        Assert.EndsWith("/health/ready answered 503: log: no connection", problem);
    }

    [Fact]
    public async Task Of_another_program_one_reads_what_it_answered() =>
        Assert.EndsWith("answered 503: not Veza", await AskAsync(AnswerOnce("not Veza")));

    [Fact]
    public async Task Where_no_program_listens_the_address_is_named()
    {
        var address = $"http://127.0.0.1:{Loopback.FreePort()}";
        Assert.StartsWith($"{address}/health/ready does not answer: ", await AskAsync(address));
    }

    [Fact]
    public async Task A_node_that_hangs_is_not_ready()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var problem = await AskAsync(AddressOf(silent), longestWait: TimeSpan.FromMilliseconds(100));
        Assert.EndsWith("/health/ready did not answer within 0.1 s", problem);
    }

    [Fact]
    public async Task A_wrong_address_is_named_with_an_example() =>
        Assert.StartsWith("--url is 'localhost:9090'; it must be", await AskAsync("localhost:9090"));

    private static Task<string?> AskAsync(string url, string path = "/health/ready", TimeSpan? longestWait = null) =>
        HealthCommand.AskAsync(
            url,
            path,
            longestWait ?? TimeSpan.FromMinutes(1),
            TestContext.Current.CancellationToken
        );

    private static string AnswerOnce(string body)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(async () =>
        {
            using (listener)
            using (var client = await listener.AcceptTcpClientAsync())
            {
                var stream = client.GetStream();
                using var request = new StreamReader(stream, leaveOpen: true);
                while (await request.ReadLineAsync() is { Length: > 0 }) { }
                await stream.WriteAsync(
                    Encoding.UTF8.GetBytes(
                        $"HTTP/1.1 503 Service Unavailable\r\nContent-Length: {body.Length}\r\n\r\n{body}"
                    )
                );
            }
        });
        return AddressOf(listener);
    }

    private static string AddressOf(TcpListener listener) => $"http://{listener.LocalEndpoint}";
}
