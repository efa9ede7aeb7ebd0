using System.Diagnostics;

namespace Veza.Faults.Tests.Storage;

/// <summary>A file system of fixed size in memory, unmounted when its maker ends.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private readonly Process _keeper;

    private SmallDisk(Process keeper, string folder)
    {
        _keeper = keeper;
        Folder = folder;
    }

    public string Folder { get; }

    private string Ballast => Path.Combine(Folder, "ballast");

    /// <returns>Null when mounting is not permitted here.</returns>
    public static SmallDisk? TryMake(int megabytes)
    {
        var folder = Directory.CreateTempSubdirectory("veza-disk-").FullName;
        using (
            var mount = Process.Start(
                new ProcessStartInfo(
                    "mount",
                    ["-t", "tmpfs", "-o", $"size={megabytes}m,mode=0755", "veza-disk", folder]
                )
                {
                    RedirectStandardError = true,
                }
            )!
        )
        {
            mount.WaitForExit();
            if (mount.ExitCode != 0)
            {
                Directory.Delete(folder);
                return null;
            }
        }
        // The keeper unmounts the disk when this process dies, which closes the keeper's standard input. A server that
        // still runs on the disk is stopped first.
        var keeper = Process.Start(
            new ProcessStartInfo(
                "setsid",
                [
                    "sh",
                    "-c",
                    """
                    trap "" INT TERM HUP
                    cat > /dev/null
                    pid=$(head -n 1 "$1/postgres/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid"
                    umount -l "$1"
                    rmdir "$1"
                    """,
                    "sh",
                    folder,
                ]
            )
            {
                RedirectStandardInput = true,
            }
        )!;
        return new(keeper, folder);
    }

    /// <summary>Fills all free space. A second call also fills the space that was freed since.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var piece in (byte[][])[new byte[1 << 20], new byte[4096]])
        {
            try
            {
                while (true)
                    ballast.Write(piece);
            }
            catch (IOException)
            { /* Full, but for less than a piece. */
            }
        }
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }
}
