namespace Veza.Media.Formats;

/// <summary>Bytes that wait to become a frame: grows as needed, up to a limit.</summary>
internal sealed class SlidingBuffer(int bytesMax)
{
    private const int BytesMin = 4096;

    private byte[] _bytes = [];
    private int _start;
    private int _length;

    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _length);

    /// <returns>The number of bytes taken; fewer than given once the limit is reached.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, bytesMax - _length);
        if (_start + _length + taken > _bytes.Length)
            MakeRoom(_length + taken);
        bytes[..taken].CopyTo(_bytes.AsSpan(_start + _length));
        _length += taken;
        return taken;
    }

    public void Skip(int count)
    {
        _start += count;
        _length -= count;
        if (_length == 0)
            _start = 0;
    }

    private void MakeRoom(int needed)
    {
        var target =
            needed <= _bytes.Length
                ? _bytes
                : new byte[Math.Min(bytesMax, Math.Max(Math.Max(needed, BytesMin), _bytes.Length * 2))];
        Unread.CopyTo(target);
        _bytes = target;
        _start = 0;
    }
}
