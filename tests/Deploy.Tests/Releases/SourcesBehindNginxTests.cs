using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Veza.Deploy.Tests.Releases;

/// <summary>What reaches Veza of a broadcast's source behind nginx.</summary>
public sealed class SourcesBehindNginxTests(NodeBehindNginx place) : IClassFixture<NodeBehindNginx>
{
    private const string Sound = "the sound of a source";

    [Theory]
    [InlineData("PUT")]
    [InlineData("SOURCE")]
    public async Task Sound_in_chunks_reaches_the_node(string method)
    {
        await using var source = await SendAsync(
            $"{method} /live/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + $"{Sound.Length:x}\r\n{Sound}\r\n"
        );
        using var node = await place.AcceptAsync();
        Assert.StartsWith($"{method} /live/1 HTTP/1.1\r\n", await ReadUntilAsync(node, Sound));
    }

    /// <summary>Veza refuses such a request: it has the proxy's header, and neither length nor chunks.</summary>
    [Theory]
    [InlineData("PUT", "1.1")]
    [InlineData("SOURCE", "1.0")]
    public async Task Of_a_source_without_length_or_chunks_the_head_alone_reaches_the_node(
        string method,
        string version
    )
    {
        await using var source = await SendAsync($"{method} /live/1 HTTP/{version}\r\nHost: x\r\n\r\n{Sound}");
        using var node = await place.AcceptAsync();
        var head = await ReadUntilAsync(node, "\r\n\r\n");

        Assert.StartsWith($"{method} /live/1 HTTP/1.1\r\n", head);
        Assert.Contains("\r\nX-Forwarded-For: 127.0.0.1\r\n", head);
        Assert.EndsWith("\r\n\r\n", head);
        // The node's answer is the end of the request for nginx.
        await node.SendAsync("HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        Assert.Contains(" 411 ", await ReadLineAsync(source));
    }

    [Fact]
    public async Task Icecasts_own_version_of_http_is_refused_by_nginx()
    {
        await using var source = await SendAsync("SOURCE /live/1 ICE/1.0\r\nHost: x\r\n\r\n");
        Assert.Contains(" 400 ", await ReadLineAsync(source));
    }

    private async Task<SslStream> SendAsync(string text)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, place.Port);
        var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("veza.example");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        return stream;
    }

    private static async Task<string> ReadUntilAsync(Socket node, string end)
    {
        var text = new StringBuilder();
        var bytes = new byte[4096];
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            var length = await node.ReceiveAsync(bytes, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, length);
            text.Append(Encoding.ASCII.GetString(bytes, 0, length));
        }
        return text.ToString();
    }

    private static async Task<string?> ReadLineAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadLineAsync(TestContext.Current.CancellationToken);
    }
}

/// <summary>nginx, and a listener on loopback in Veza's place.</summary>
public sealed class NodeBehindNginx : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("veza-nginx-").FullName;
    private readonly TcpListener _node = new(IPAddress.Loopback, 0);
    private LoopbackNginx _nginx = null!;

    public int Port => _nginx.Port;

    public ValueTask<Socket> AcceptAsync() => _node.AcceptSocketAsync(TestContext.Current.CancellationToken);

    public async ValueTask InitializeAsync()
    {
        _node.Start();
        _nginx = new(_folder);
        await _nginx.StartAsync($"{_node.LocalEndpoint}=1");
    }

    public async ValueTask DisposeAsync()
    {
        await _nginx.DisposeAsync();
        _node.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
