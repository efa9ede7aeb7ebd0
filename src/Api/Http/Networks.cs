using System.Net;

namespace Veza.Api.Http;

/// <summary>Which addresses count as one caller.</summary>
public static class Networks
{
    /// <summary>
    /// An IPv4 address; of an IPv6 address its first 64 bits, as whoever has one has the 2^64 of its network.
    /// </summary>
    /// <returns>16 bytes as an id; the empty one for no address.</returns>
    public static Guid Of(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address is null)
            return Guid.Empty;
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        if (!address.IsIPv4MappedToIPv6 && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            bytes[8..].Clear();
        return new(bytes);
    }
}
