using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Veza.Api.Connections;

namespace Veza.Journey.Tests;

/// <summary>More silent connections than the process may have files.</summary>
public class SilentConnectionsTests
{
    private const int OpenFilesMax = 1024;
    private const int Networks = 8;
    private const int OfEach = 120;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task More_silent_connections_than_there_are_files_end_no_other_and_block_no_sign_in()
    {
        await using var veza = new VezaProcess { OpenFilesMax = OpenFilesMax };
        await veza.StartAsync();
        using var ada = From("127.0.0.9");
        using var registered = await ada.PostAsJsonAsync(
            $"{veza.Address}/api/v1/accounts",
            new
            {
                userName = "ada",
                email = "ada@example.org",
                password = "correct horse battery",
            },
            Ct
        );
        Assert.Equal(HttpStatusCode.Created, registered.StatusCode);
        var token = (await registered.Content.ReadFromJsonAsync<JsonElement>(Ct))
            .GetProperty("accessToken")
            .GetString();

        var own = Directory
            .GetFiles($"/proc/{veza.ProcessId}/fd")
            .Count(f => new FileInfo(f).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == false);
        Assert.True(
            own < ConnectionLimits.ProcessFiles,
            $"the process itself has {own} files open; ConnectionLimits.ProcessFiles is {ConnectionLimits.ProcessFiles}"
        );

        List<Socket> silent = [];
        try
        {
            // The places of closed connections are taken again, until the server has had more than its limit.
            for (var wave = 0; wave < 3; wave++)
            {
                for (var network = 1; network <= Networks; network++)
                for (var i = 0; i < OfEach; i++)
                    try
                    {
                        silent.Add(await ConnectAsync($"127.0.1.{network}", veza.Port));
                    }
                    // The server closed it right after accepting it.
                    catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionReset) { }
                await AnswersAsync(veza, token!);
            }
            await Eventually.TrueAsync(
                () => silent.TrueForAll(IsCut),
                what: "the server has closed every connection that says nothing"
            );
        }
        finally
        {
            silent.ForEach(s => s.Dispose());
        }

        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(veza.Metrics, Ct);
        Assert.Contains("veza_connections_refused_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("veza_connections_closed_total{port=\"http\",reason=\"", metrics, StringComparison.Ordinal);
        Assert.Equal(0, await veza.StopAsync());
        Assert.Contains(veza.Lines, line =>
            line.Contains("connections were refused because their network has", StringComparison.Ordinal)
        );
        Assert.Contains(veza.Lines, line =>
            line.Contains("live connections fit into the 1024 files", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task More_live_connections_than_there_are_files_stop_the_start_with_one_line()
    {
        var veza = new VezaProcess(("MAX_CONNECTIONS", "100000")) { OpenFilesMax = OpenFilesMax };
        var (code, said) = await veza.RefusedAsync();
        Assert.Equal(1, code);
        Assert.Contains(
            "veza: MAX_CONNECTIONS=100000 does not fit: this process may open 1024 files (ulimit -n)",
            said,
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// From another address, on new connections: the readiness on the metrics port, and a request with a token.
    /// </summary>
    private static async Task AnswersAsync(VezaProcess veza, string token)
    {
        using var watcher = From("127.0.0.1");
        using var health = await watcher.GetAsync(veza.HealthBesideMetrics, Ct);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        // Silent connections may hold the last places too. These are free again after a second of silence, so a client
        // retries.
        await Eventually.TrueAsync(
            async () =>
            {
                using var ada = From("127.0.0.9");
                using var request = new HttpRequestMessage(HttpMethod.Get, $"{veza.Address}/api/v1/accounts/me")
                {
                    Headers = { Authorization = new("Bearer", token) },
                };
                try
                {
                    using var answer = await ada.SendAsync(request, Ct);
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                    return true;
                }
                // The server may close it right after accepting it, before the client asks for its local end.
                catch (Exception refused) when (refused is HttpRequestException or SocketException)
                {
                    return false;
                }
            },
            what: "a client of another network is served"
        );
    }

    /// <summary>A client at another address of this machine, which is a network of its own.</summary>
    private static HttpClient From(string address) =>
        new(
            new SocketsHttpHandler
            {
                ConnectCallback = async (context, ct) =>
                    new NetworkStream(await ConnectAsync(address, context.DnsEndPoint.Port, ct), ownsSocket: true),
            }
        );

    private static async Task<Socket> ConnectAsync(string from, int port, CancellationToken ct = default)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), ct);
        return socket;
    }

    private static bool IsCut(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
