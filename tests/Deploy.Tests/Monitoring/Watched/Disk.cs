using System.Diagnostics;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>A small disk with a file system of servers, unlike tmpfs. It is unmounted when its maker ends.</summary>
internal sealed class Disk : IAsyncDisposable
{
    private const string Make = """
        truncate -s "$2M" "$1.image"
        mkfs.ext4 -q -m 0 "$1.image"
        mount -o loop "$1.image" "$1"
        """;

    private const string Keep = """
        trap "" INT TERM HUP
        cat > /dev/null
        umount -l "$1"
        rmdir "$1"
        rm -f "$1.image"
        """;

    private readonly Process _keeper;

    private Disk(Process keeper, string folder)
    {
        _keeper = keeper;
        Folder = folder;
    }

    public string Folder { get; }

    /// <returns>Null when mounting is not permitted here.</returns>
    public static async Task<Disk?> TryMakeAsync(int megabytes)
    {
        var folder = Directory.CreateTempSubdirectory("veza-disk-").FullName;
        var made = await Shell.RunAsync("sh", "-ec", Make, "sh", folder, $"{megabytes}");
        if (made.Code != 0)
        {
            File.Delete(folder + ".image");
            Directory.Delete(folder);
            return null;
        }
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Keep, "sh", folder]) { RedirectStandardInput = true };
        return new(Process.Start(start)!, folder);
    }

    /// <summary>Adds a file of so many bytes.</summary>
    public async Task FillAsync(long bytes, CancellationToken ct)
    {
        await using var file = File.Create(Path.Combine(Folder, Path.GetRandomFileName()));
        var piece = new byte[64 * 1024];
        for (long written = 0; written < bytes; written += piece.Length)
            await file.WriteAsync(piece, ct);
        file.Flush(flushToDisk: true);
    }

    public void Free()
    {
        foreach (var file in Directory.GetFiles(Folder))
            File.Delete(file);
    }

    public async ValueTask DisposeAsync()
    {
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }
}
