using System.Buffers;
using System.Text.Json;

namespace Veza.Realtime;

/// <summary>
/// Writes JSON into room that a thread keeps for its next: what is written for everybody is small, and written all the
/// time.
/// </summary>
internal static class PooledJson
{
    private const int BytesKeptMax = 64 << 10;

    [ThreadStatic]
    private static Room? _room;

    /// <returns>UTF-8, in an array of its own.</returns>
    public static byte[] Write<TFrom>(TFrom from, Action<Utf8JsonWriter, TFrom> write)
    {
        // Taken away meanwhile: what is written may have something else written first.
        var room = _room ?? new();
        _room = null;
        room.Json.Reset();
        room.Bytes.ResetWrittenCount();
        write(room.Json, from);
        room.Json.Flush();
        var written = room.Bytes.WrittenSpan.ToArray();
        if (room.Bytes.Capacity <= BytesKeptMax)
            _room = room;
        return written;
    }

    private sealed class Room
    {
        public Room() => Json = new(Bytes);

        public ArrayBufferWriter<byte> Bytes { get; } = new(1024);
        public Utf8JsonWriter Json { get; }
    }
}
