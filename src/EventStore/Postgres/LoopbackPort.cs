using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Veza.EventStore.Postgres;

/// <summary>Chooses the port of the private server: the configured, the remembered, or a free one.</summary>
internal static class LoopbackPort
{
    // Below the ports that the kernel gives to outgoing connections, so that none of those takes the port of a stopped
    // server.
    private const int PortMin = 20_000;
    private const int PortMax = 29_999;

    public static int Choose(LocalPostgresOptions options, PostgresFolders folders, ILogger logger)
    {
        // Without loopback the number only names the socket, and no other server uses its folder.
        if (!options.Loopback)
            return options.Port != 0 ? options.Port : 5432;
        if (options.Port != 0)
            return IsFree(options.Port)
                ? options.Port
                : throw new LocalPostgresException(
                    $"Port {options.Port} for the private PostgreSQL is taken by another program."
                );

        var remembered =
            File.Exists(folders.PortFile)
            && int.TryParse(File.ReadAllText(folders.PortFile), CultureInfo.InvariantCulture, out var port)
                ? port
                : 0;
        if (remembered != 0 && IsFree(remembered))
            return remembered;

        // The search begins at a port derived from the folder, so that several checkouts rarely try the same one.
        var first = BitConverter.ToUInt16(SHA256.HashData(Encoding.UTF8.GetBytes(folders.Home))) % (PortMax - PortMin);
        var chosen = Enumerable
            .Range(0, 200)
            .Select(i => PortMin + (first + i) % (PortMax - PortMin))
            .FirstOrDefault(IsFree);
        if (chosen == 0)
            throw new LocalPostgresException(
                $"No free port between {PortMin} and {PortMax} for the private PostgreSQL."
            );
        if (remembered != 0)
            logger.LogWarning(
                "Port {Remembered} is taken by another program; the private PostgreSQL moves to port {Port}",
                remembered,
                chosen
            );
        File.WriteAllText(folders.PortFile, chosen.ToString(CultureInfo.InvariantCulture));
        return chosen;
    }

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
