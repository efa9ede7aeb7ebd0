namespace Veza.EventStore.Verification;

/// <summary>A growing, reusable buffer of bytes whose end can be truncated.</summary>
internal sealed class ByteBuffer(int capacity)
{
    private byte[] _bytes = new byte[capacity];

    public int Count { get; private set; }
    public Span<byte> Written => _bytes.AsSpan(0, Count);

    /// <summary>Room for at least <paramref name="length"/> bytes more; see <see cref="Advance"/>.</summary>
    public Span<byte> Room(int length)
    {
        if (_bytes.Length - Count < length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Count + length));
        return _bytes.AsSpan(Count);
    }

    public void Advance(int written) => Count += written;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Count += bytes.Length;
    }

    public void Truncate(int count) => Count = count;
}
