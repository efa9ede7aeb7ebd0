using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Veza.Reactors.Running;

/// <summary>
/// The ids of reactors' messages: eight bytes from a hash of reactor and stream, then the event's position. So the
/// messages of a stream sort together in the log's order, and an event has one message however often it is stored.
/// </summary>
internal static class MessageIds
{
    private const int StreamBytes = 8;

    public static Guid Of(string reactor, Guid stream, long position)
    {
        Span<byte> id = stackalloc byte[16];
        HashOf(reactor, stream)[..StreamBytes].CopyTo(id);
        BinaryPrimitives.WriteInt64BigEndian(id[StreamBytes..], position);
        return new(id, bigEndian: true);
    }

    /// <returns>Lower than the id of every message of the same stream.</returns>
    public static Guid First(Guid message)
    {
        Span<byte> id = stackalloc byte[16];
        message.TryWriteBytes(id, bigEndian: true, out _);
        id[StreamBytes..].Clear();
        return new(id, bigEndian: true);
    }

    private static byte[] HashOf(string reactor, Guid stream)
    {
        var nameBytes = Encoding.UTF8.GetByteCount(reactor);
        var input = new byte[16 + nameBytes];
        stream.TryWriteBytes(input, bigEndian: true, out _);
        Encoding.UTF8.GetBytes(reactor, input.AsSpan(16));
        return SHA256.HashData(input);
    }
}
