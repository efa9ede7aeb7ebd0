namespace Veza.Deploy.Tests;

/// <summary>Debian's nginx on loopback with <see cref="LoopbackSite"/>.</summary>
internal sealed class LoopbackNginx(string folder) : IAsyncDisposable
{
    private readonly int _port = Loopback.FreePort();
    private string _program = "";

    public string Address => $"https://127.0.0.1:{_port}";

    public int Port => _port;

    /// <summary>For <c>veza-weights</c>.</summary>
    public Dictionary<string, string> Variables =>
        new()
        {
            ["VEZA_NGINX"] = $"{_program} -p {folder} -c {folder}/nginx.conf -e {folder}/error.log",
            ["VEZA_NGINX_PID"] = PidFile,
            ["VEZA_NGINX_UPSTREAM"] = $"{folder}/veza/upstream.conf",
        };

    private string PidFile => Path.Combine(folder, "pid");

    /// <param name="weight">HOST:PORT=WEIGHT of its first node.</param>
    public async Task StartAsync(string weight)
    {
        _program = await Shell.DebianFileAsync("nginx", "usr/sbin/nginx");
        await LoopbackSite.WriteAsync(folder, "127.0.0.1", _port, Loopback.FreePort());
        (await Shell.RunAsync("deploy/nginx/veza-weights", [weight], Variables)).Succeeded();
        (await Shell.RunAsync("sh", ["-c", "exec $VEZA_NGINX"], Variables)).Succeeded();
    }

    public async ValueTask DisposeAsync()
    {
        // nginx writes an empty file when it only checks its configuration.
        if (!File.Exists(PidFile) || !int.TryParse(await File.ReadAllTextAsync(PidFile), out var pid))
            return;
        await Shell.RunAsync("kill", "-TERM", $"{pid}");
        await Eventually.TrueAsync(() => !Directory.Exists($"/proc/{pid}"));
    }
}
