using System.Diagnostics;
using System.Globalization;

namespace Veza.Integration.Tests.Music.Tracks;

/// <summary>
/// npm's s3rver with the bucket "veza", over a folder that outlives it. It knows the access key but does not check
/// signatures of version 4.
/// </summary>
internal sealed class S3Server : IAsyncDisposable
{
    public const string Bucket = "veza",
        AccessKey = "S3RVER",
        SecretKey = "S3RVER";

    private static readonly TimeSpan NodeMax = TimeSpan.FromMinutes(2);

    private readonly Process _process;

    private S3Server(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }
    public string Address => $"http://127.0.0.1:{Port}";

    /// <param name="port">0 for any.</param>
    public static async Task<S3Server> StartAsync(string folder, int port = 0)
    {
        var program = Path.Combine(Root(), "tests/Integration.Tests/Music/Tracks/s3");
        using (var install = Process.Start(Path.Combine(program, "install")))
        {
            await install.WaitForExitAsync().WaitAsync(NodeMax);
            Assert.Equal(0, install.ExitCode);
        }
        var process = Process.Start(
            new ProcessStartInfo(
                "node",
                [Path.Combine(program, "server.mjs"), folder, port.ToString(CultureInfo.InvariantCulture)]
            )
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        var said = await process.StandardOutput.ReadLineAsync().WaitAsync(NodeMax);
        return new(process, int.Parse(said!, CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
