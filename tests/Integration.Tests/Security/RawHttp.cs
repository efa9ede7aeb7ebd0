using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Veza.Integration.Tests.Security;

/// <summary>Sends hand-written requests, most of which a client library would refuse to send.</summary>
internal sealed class RawHttp : IDisposable
{
    /// <summary>Longer than any limit of the server, so that only a hang exceeds it.</summary>
    public static readonly TimeSpan AnswersMax = TimeSpan.FromSeconds(60);

    private readonly TcpClient _tcp = new() { NoDelay = true };

    private NetworkStream Stream => _tcp.GetStream();

    public static async Task<RawHttp> OpenAsync(string address)
    {
        var uri = new Uri(address);
        var raw = new RawHttp();
        await raw._tcp.ConnectAsync(IPAddress.Parse(uri.Host), uri.Port);
        return raw;
    }

    /// <returns>The complete answer to one request in Latin-1; empty when the connection closed without one.</returns>
    public static async Task<string> AskAsync(string address, string head, byte[]? body = null)
    {
        using var raw = await OpenAsync(address);
        await raw.SendAsync(Encoding.Latin1.GetBytes(head));
        if (body is not null)
            await raw.SendAsync(body);
        return await raw.ReadToEndAsync();
    }

    public async Task SendAsync(byte[] bytes) => await Stream.WriteAsync(bytes);

    /// <summary>The next bytes, as many as arrive together.</summary>
    public async Task<string> ReadSomeAsync()
    {
        using var limit = new CancellationTokenSource(AnswersMax);
        var buffer = new byte[4096];
        return Encoding.Latin1.GetString(buffer, 0, await Stream.ReadAsync(buffer, limit.Token));
    }

    /// <summary>Reads until the server ends the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var limit = new CancellationTokenSource(AnswersMax);
        var read = new MemoryStream();
        // A server that closes a connection with unread bytes resets it.
        try
        {
            await Stream.CopyToAsync(read, limit.Token);
        }
        catch (IOException) { }
        return Encoding.Latin1.GetString(read.ToArray());
    }

    /// <summary>True when the server has closed it; discards what it sent before.</summary>
    public bool IsCut()
    {
        var buffer = new byte[4096];
        try
        {
            while (_tcp.Client.Poll(0, SelectMode.SelectRead))
                if (_tcp.Client.Receive(buffer) == 0)
                    return true;
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <returns>The status; 0 without an answer.</returns>
    public static int StatusOf(string answer) =>
        answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            ? int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture)
            : 0;

    public void Dispose() => _tcp.Dispose();
}
