using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Veza.Deploy.Tests;

/// <summary>
/// Debian's nginx on loopback with the site as it ships; only paths and ports are others, and there is no user to
/// become.
/// </summary>
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
        MakeCertificate(Directory.CreateDirectory(Path.Combine(folder, "veza/tls")).FullName);
        var site = await File.ReadAllTextAsync(Path.Combine(Shell.Root, "deploy/nginx/veza.conf"));
        site = site.Replace("/etc/nginx/veza", $"{folder}/veza", StringComparison.Ordinal)
            .Replace("/var/log/nginx", folder, StringComparison.Ordinal)
            .Replace("listen 443 ", $"listen 127.0.0.1:{_port} ", StringComparison.Ordinal)
            .Replace("listen 80 ", $"listen 127.0.0.1:{Loopback.FreePort()} ", StringComparison.Ordinal)
            .Replace("listen 127.0.0.1:8090;", $"listen 127.0.0.1:{Loopback.FreePort()};", StringComparison.Ordinal);
        site = string.Join(
            '\n',
            site.Split('\n').Where(line => !line.Contains("listen [::]", StringComparison.Ordinal))
        );
        await File.WriteAllTextAsync(Path.Combine(folder, "veza.conf"), site);
        var user = Environment.UserName == "root" ? "user root;" : "";
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nginx.conf"),
            $$"""
            {{user}}
            worker_processes 1;
            pid {{PidFile}};
            error_log {{folder}}/error.log info;
            events { worker_connections 4096; }
            http {
              access_log off;
              client_body_temp_path {{folder}}/body;
              proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              include {{folder}}/veza.conf;
            }
            """
        );
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

    private static void MakeCertificate(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=veza.example", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(
            TimeProvider.System.GetUtcNow().AddDays(-1),
            TimeProvider.System.GetUtcNow().AddDays(1)
        );
        File.WriteAllText(Path.Combine(folder, "fullchain.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "privkey.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}
