using System.Net;

namespace Veza.Api.Http;

/// <summary>Groups addresses into networks; a network counts as one caller.</summary>
public static class Networks
{
    /// <summary>
    /// A whole IPv4 address; the first 64 bits of an IPv6 address, because a holder of one controls the 2^64 addresses
    /// of its network.
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
