using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Veza.Api;
using Veza.Integration.Tests.Security;

namespace Veza.Integration.Tests.Connections;

public class StoppingRequestTests(VezaServer server)
{
    [Fact]
    public async Task A_slow_uploader_does_not_hold_up_the_shutdown()
    {
        var ada = await server.SharedAsync("ada");
        var node = await VezaHost.StartAsync(
            VezaServer.Settings(server.Home, ("ROLES", "api")),
            server.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        // Disables the rate limit of bodies, so that only the shutdown can end the upload.
        node.App.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout = Timeout.InfiniteTimeSpan;
        using var upload = await RawHttp.OpenAsync(node.Address);
        await upload.SendAsync(
            Encoding.ASCII.GetBytes(
                $"POST /api/v1/tracks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.AccessToken}\r\n"
                    + "Content-Type: multipart/form-data; boundary=x\r\n"
                    + "Content-Length: 100000000\r\nExpect: 100-continue\r\n\r\n"
            )
        );
        Assert.StartsWith("HTTP/1.1 100", await upload.ReadSomeAsync(), StringComparison.Ordinal);
        await upload.SendAsync(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"u8.ToArray()
        );
        var trickling = TrickleAsync(upload);

        var stopped = node.App.StopAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            () => stopped.IsCompleted,
            what: "the server has stopped though an upload was going on"
        );

        await stopped;
        await trickling;
        await node.DisposeAsync();
    }

    /// <summary>Sends faster than the slow-body limit, without an end, until it is cut.</summary>
    private static async Task TrickleAsync(RawHttp upload)
    {
        var some = new byte[4096];
        using var next = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (!upload.IsCut())
            {
                await upload.SendAsync(some);
                await next.WaitForNextTickAsync();
            }
        }
        catch (IOException) { }
    }
}
