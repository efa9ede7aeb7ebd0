using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Veza.Deploy.Tests;

/// <summary>nginx's site as it ships, with a test's paths and ports, and without a user to become.</summary>
internal static class LoopbackSite
{
    /// <summary>Writes nginx.conf and all that it includes, but for the nodes: those are of veza-weights.</summary>
    /// <param name="address">The address to listen on, which the certificate names. It lasts one day.</param>
    public static async Task WriteAsync(string folder, string address, int httpsPort, int statusPort)
    {
        Directory.CreateDirectory(Path.Combine(folder, "veza/tls"));
        await MakeCertificateAsync(Path.Combine(folder, "veza/tls"), address);
        var site = await File.ReadAllTextAsync(Path.Combine(Shell.Root, "deploy/nginx/veza.conf"));
        site = site.Replace("/etc/nginx/veza", $"{folder}/veza", StringComparison.Ordinal)
            .Replace("/var/log/nginx", folder, StringComparison.Ordinal)
            .Replace("listen 443 ", $"listen {address}:{httpsPort} ", StringComparison.Ordinal)
            .Replace("listen 80 ", $"listen {address}:{Loopback.FreePort()} ", StringComparison.Ordinal)
            .Replace("listen 127.0.0.1:8090;", $"listen {address}:{statusPort};", StringComparison.Ordinal);
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
            pid {{folder}}/pid;
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
    }

    private static async Task MakeCertificateAsync(string folder, string address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=veza.example", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(
            TimeProvider.System.GetUtcNow().AddDays(-1),
            TimeProvider.System.GetUtcNow().AddDays(1)
        );
        await File.WriteAllTextAsync(Path.Combine(folder, "fullchain.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "privkey.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}
