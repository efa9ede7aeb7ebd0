using System.Buffers;
using System.Text.Json;

namespace Veza.Realtime.Engine;

/// <summary>
/// Writes JSON through a buffer that each thread reuses: live messages are small and frequent. Any thread may call it.
/// </summary>
internal static class PooledJson
{
    private const int BytesKeptMax = 64 << 10;

    [ThreadStatic]
    private static Buffer? _buffer;

    /// <returns>UTF-8 in a new array.</returns>
    public static byte[] Write<TFrom>(TFrom from, Action<Utf8JsonWriter, TFrom> write)
    {
        // Taken while in use: the callback may write another message first.
        var buffer = _buffer ?? new();
        _buffer = null;
        buffer.Json.Reset();
        buffer.Bytes.ResetWrittenCount();
        write(buffer.Json, from);
        buffer.Json.Flush();
        var written = buffer.Bytes.WrittenSpan.ToArray();
        if (buffer.Bytes.Capacity <= BytesKeptMax)
            _buffer = buffer;
        return written;
    }

    private sealed class Buffer
    {
        public Buffer() => Json = new(Bytes);

        public ArrayBufferWriter<byte> Bytes { get; } = new(1024);
        public Utf8JsonWriter Json { get; }
    }
}
