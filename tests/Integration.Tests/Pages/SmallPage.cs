using System.IO.Compression;
using System.Text;
using Alba;
using Microsoft.AspNetCore.TestHost;

namespace Veza.Integration.Tests.Pages;

/// <summary>A host that serves a page of a few files, in the form that Vite builds one.</summary>
public sealed class SmallPage(VezaServer server) : IAsyncLifetime
{
    public const string Index = "<!doctype html><html lang=\"en\"><title>Veza</title></html>";
    public const string Script = "/assets/index-Bq3xV9aZ.js";

    /// <summary>Long enough to be smaller when compressed.</summary>
    public static string ScriptText { get; } = string.Concat(Enumerable.Repeat("export const talk = 1;\n", 50));

    private readonly string _folder = Directory.CreateTempSubdirectory("veza-page-").FullName;

    public IAlbaHost Host { get; private set; } = null!;
    public HttpClient Http { get; private set; } = null!;
    public string Folder => _folder;

    public async ValueTask InitializeAsync()
    {
        var page = Directory.CreateDirectory(Path.Combine(_folder, "dist")).FullName;
        Directory.CreateDirectory(Path.Combine(page, "assets"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "secret.txt"), "secret");
        File.CreateSymbolicLink(Path.Combine(page, "link.txt"), Path.Combine(_folder, "secret.txt"));
        await File.WriteAllTextAsync(Path.Combine(page, "index.html"), Index);
        await File.WriteAllTextAsync(Path.Combine(page, "built"), "");
        await File.WriteAllTextAsync(Path.Combine(page, "favicon.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
        await File.WriteAllTextAsync(Path.Combine(page, "manifest.webmanifest"), "{}");
        await File.WriteAllBytesAsync(Path.Combine(page, "assets/inter-C1x2.woff2"), [0x77, 0x4f, 0x46, 0x32]);
        var script = page + Script;
        await File.WriteAllTextAsync(script, ScriptText);
        await using (var brotli = new BrotliStream(File.Create(script + ".br"), CompressionLevel.Optimal))
            await brotli.WriteAsync(Encoding.UTF8.GetBytes(ScriptText));
        await using (var gzip = new GZipStream(File.Create(script + ".gz"), CompressionLevel.Optimal))
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(ScriptText));

        Host = await VezaEndpoints.StartAsync(server, ("WEB_ROOT", page));
        Http = Host.GetTestClient();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
