using System.Security.Cryptography;
using System.Text;

namespace Veza.EventStore.Postgres;

/// <summary>The folders of the private server. All paths are free of symbolic links.</summary>
/// <param name="Home">Veza's folder: lock, password, port.</param>
/// <param name="Server">The folder of the server's user: data and server log.</param>
/// <param name="Socket">The folder of the unix socket.</param>
internal sealed record PostgresFolders(string Home, string Server, string Socket)
{
    /// <summary>The path in <c>sockaddr_un</c> has 108 bytes, of which the last is zero.</summary>
    private const int SocketPathBytesMax = 107;
    private const string SocketFileLongest = "/.s.PGSQL.65535";

    public string Data => Path.Combine(Server, "data");
    public string ServerLog => Path.Combine(Server, "server.log");
    public string Reserve => Path.Combine(Server, "reserve");
    public string LockFile => Path.Combine(Home, "postgres.lock");
    public string PasswordFile => Path.Combine(Home, "postgres.password");
    public string PortFile => Path.Combine(Home, "postgres.port");

    public static async Task<PostgresFolders> Prepare(string home, ServerAccount account, CancellationToken ct)
    {
        Directory.CreateDirectory(home);
        home = ServerAccount.RunHere("readlink", "-f", home);

        var server = Path.Combine(home, "postgres");
        if (!await CanTraverse(account, home, ct))
        {
            // For example a checkout below /root (0700). Veza does not open an administrator's folder to others.
            server = Path.Combine("/var/lib/veza", ShortHash(home));
            Directory.CreateDirectory("/var/lib/veza");
            await File.WriteAllTextAsync(
                Path.Combine(home, "postgres.location"),
                $"The server's user may not enter {home}, so the data is in {server}.\n",
                ct
            );
        }
        account.MakeFolder(server);

        var socket = Path.Combine(server, "socket");
        if (Encoding.UTF8.GetByteCount(socket + SocketFileLongest) > SocketPathBytesMax)
            socket = $"/tmp/veza-{ShortHash(server)}";
        account.MakeFolder(socket);
        return new(home, server, socket);
    }

    /// <summary>Locks the folder for this process.</summary>
    /// <exception cref="LocalPostgresException">Another process has locked it.</exception>
    public FileStream TakeLock()
    {
        // The kernel releases this lock when the process ends in any way. The file itself stays and has no meaning.
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new LocalPostgresException(
                $"Another Veza already runs in {Home}. " + "Stop it, or set VEZA_HOME to another folder.",
                e
            );
        }
    }

    /// <summary>Reads the server's password, or creates one that only this user can read.</summary>
    public string ReadOrMakePassword()
    {
        if (File.Exists(PasswordFile))
            return File.ReadAllText(PasswordFile).Trim();
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        using var file = new StreamWriter(
            PasswordFile,
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }
        );
        file.Write(password);
        return password;
    }

    private static async Task<bool> CanTraverse(ServerAccount account, string folder, CancellationToken ct) =>
        (await account.TryRun("""test -x "$1" """, [folder], null, ct)).ExitCode == 0;

    private static string ShortHash(string path) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..12];
}
