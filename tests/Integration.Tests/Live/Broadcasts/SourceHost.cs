using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Veza.Api.Live.Broadcasts;
using Veza.Media.Live;

namespace Veza.Integration.Tests.Live.Broadcasts;

/// <summary>
/// A Kestrel with the source protocol in front. Behind it are the WebSocket for sources, a
/// page to listen to and one that echoes its request.
/// </summary>
internal sealed class SourceHost : IBroadcastSources, IAsyncDisposable
{
    public const string Key = "key:with a colon";

    private readonly WebApplication _app;

    private SourceHost(IcecastLimits limits)
    {
        Mounts = new Mounts(new BroadcastLimits(), TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, new IcecastSource(this, limits, TimeProvider.System).UseOn)
        );
        _app = builder.Build();
        _app.UseWebSockets();
        var socket = new SourceSocket(this, limits, TimeProvider.System, _app.Lifetime);
        _app.MapGet("/live/{id:guid}/source", (Guid id, HttpContext http) => socket.ServeAsync(http, id));
        _app.MapGet("/live/{id:guid}", async (Guid id, HttpContext http) =>
        {
            using var listener = Mounts.Find(id)!.Join()!;
            http.Response.ContentType = Mounts.Find(id)!.Format.ContentType();
            await http.Response.StartAsync();
            await http.Response.BodyWriter.FlushAsync();
            await IcecastListener.WriteAsync(listener, http.Response.BodyWriter, http.RequestAborted);
        });
        _app.MapFallback(
            async (HttpContext http) =>
            {
                try
                {
                    return Results.Text(
                        $"{http.Request.Method} {http.Request.Path} "
                            + $"{await new StreamReader(http.Request.Body).ReadToEndAsync()}"
                    );
                }
                // Kestrel's exception for a chunk whose size exceeds every number type.
                catch (IOException fault) when (fault.InnerException is OverflowException)
                {
                    return Results.BadRequest();
                }
            }
        );
    }

    public Mounts Mounts { get; }
    public int Port { get; private set; }
    public Channel<SourceRequest> Sources { get; } = Channel.CreateUnbounded<SourceRequest>();
    public Channel<SourceEnd> Ends { get; } = Channel.CreateUnbounded<SourceEnd>();

    public static async Task<SourceHost> StartAsync(IcecastLimits? limits = null)
    {
        var host = new SourceHost(limits ?? new());
        await host._app.StartAsync();
        host.Port = new Uri(host._app.Urls.Single()).Port;
        return host;
    }

    public Task StopAsync() => _app.StopAsync();

    public ValueTask<SourceAnswer> Authenticate(SourceRequest request, CancellationToken cancellation) =>
        new(Authenticate(request));

    private SourceAnswer Authenticate(SourceRequest request)
    {
        if (request.User != "source" || request.Password != Key)
            return new SourceRefused(401, "wrong key");
        return Mounts.Find(request.BroadcastId) is { } mount
            ? new SourceAccepted(mount)
            : new SourceRefused(404, "no such broadcast");
    }

    public ValueTask Connected(SourceRequest request, Mount mount, CancellationToken cancellation) =>
        Sources.Writer.WriteAsync(request, cancellation);

    public ValueTask Disconnected(SourceRequest request, Mount mount, SourceEnd end) => Ends.Writer.WriteAsync(end);

    public async Task<RawConnection> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        return new RawConnection(client);
    }

    /// <summary>Listens until the broadcast ends. The listener has joined when this returns.</summary>
    public async Task<Task<byte[]>> ListenAsync(Guid broadcastId)
    {
        var http = new HttpClient();
        var response = await http.GetAsync(
            $"http://127.0.0.1:{Port}/live/{broadcastId}",
            HttpCompletionOption.ResponseHeadersRead
        );
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Content.ReadAsByteArrayAsync();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>A connection that sends exactly the given bytes.</summary>
internal sealed class RawConnection(TcpClient client) : IDisposable
{
    // Kept, because the client returns no stream after a half close.
    private readonly NetworkStream _stream = client.GetStream();

    public static string Authorization(string key = SourceHost.Key) =>
        "Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("source:" + key)) + "\r\n";

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes) => await _stream.WriteAsync(bytes);

    /// <summary>Half-closes the connection.</summary>
    public void Finish() => client.Client.Shutdown(SocketShutdown.Send);

    /// <summary>Reads the head of the next answer.</summary>
    public async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await _stream.ReadAsync(one) == 1)
            head.Append((char)one[0]);
        return head.ToString();
    }

    public async Task<string> ReadToEndAsync()
    {
        using var reader = new StreamReader(_stream, Encoding.UTF8, leaveOpen: true);
        return await reader.ReadToEndAsync();
    }

    public void Dispose() => client.Dispose();
}

internal static class Ffmpeg
{
    /// <returns>Standard output.</returns>
    public static async Task<byte[]> RunAsync(ReadOnlyMemory<byte> input, params string[] arguments)
    {
        var start = new ProcessStartInfo("ffmpeg", ["-nostdin", "-hide_banner", "-v", "error", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = new MemoryStream();
        var reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.StandardInput.BaseStream.WriteAsync(input);
        process.StandardInput.Close();
        await Task.WhenAll(reading, errors, process.WaitForExitAsync());
        Assert.True(process.ExitCode == 0 && (await errors).Length == 0, $"ffmpeg {process.ExitCode}: {await errors}");
        return output.ToArray();
    }

    /// <summary>Runs until it is cancelled, which is not a failure.</summary>
    public static async Task RunUntilAsync(CancellationToken end, params string[] arguments)
    {
        var start = new ProcessStartInfo("ffmpeg", ["-nostdin", "-hide_banner", "-v", "error", .. arguments]);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
    }

    public static async Task<double> SecondsAsync(ReadOnlyMemory<byte> sound, string demuxer) =>
        (
            await RunAsync(sound, "-f", demuxer, "-i", "pipe:0", "-ar", "48000", "-ac", "1", "-f", "s16le", "pipe:1")
        ).Length / 96_000.0;

    public static Task<byte[]> Mp3Async(int seconds) =>
        RunAsync(
            default,
            "-f",
            "lavfi",
            "-i",
            $"sine=440:d={seconds}",
            "-c:a",
            "libmp3lame",
            "-write_xing",
            "0",
            "-id3v2_version",
            "0",
            "-f",
            "mp3",
            "pipe:1"
        );
}
