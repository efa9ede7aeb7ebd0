using System.Net;
using System.Net.Sockets;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>An SMTP server that takes every mail, refuses every recipient for ever, or is away.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private TcpListener? _listener;
    private Task _serving = Task.CompletedTask;

    public MailServer()
    {
        Port = Loopback.FreePort();
        Start();
    }

    public int Port { get; }

    public bool RefusesRecipients { get; set; }

    public void Start()
    {
        _listener = new(IPAddress.Loopback, Port);
        _listener.Start();
        _serving = ServeAsync(_listener);
    }

    public async Task StopAsync()
    {
        _listener?.Stop();
        _listener = null;
        await _serving;
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task ServeAsync(TcpListener listener)
    {
        try
        {
            while (true)
                _ = ConverseAsync(await listener.AcceptTcpClientAsync());
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        { /* Stopped. */
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        try
        {
            using var _ = client;
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream);
            await using var writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\r\n" };
            await writer.WriteLineAsync("220 mail.example");
            var isData = false;
            while (await reader.ReadLineAsync() is { } line)
            {
                if (isData && line != ".")
                    continue;
                isData = line.StartsWith("DATA", StringComparison.OrdinalIgnoreCase);
                await writer.WriteLineAsync(AnswerTo(line));
                if (line.StartsWith("QUIT", StringComparison.OrdinalIgnoreCase))
                    return;
            }
        }
        catch (IOException)
        { /* The client went away. */
        }
    }

    private string AnswerTo(string line)
    {
        if (line.StartsWith("DATA", StringComparison.OrdinalIgnoreCase))
            return "354 go on";
        if (line.StartsWith("RCPT", StringComparison.OrdinalIgnoreCase) && RefusesRecipients)
            return "550 5.1.1 no such mailbox";
        return line.StartsWith("QUIT", StringComparison.OrdinalIgnoreCase) ? "221 bye" : "250 ok";
    }
}
