namespace Veza.Media.Formats;

/// <summary>
/// The bytes a decoder needs before the frames of one logical stream. Compared by reference: another instance belongs
/// to another stream.
/// </summary>
public sealed class StreamHeaders(ReadOnlyMemory<byte> bytes)
{
    /// <summary>For formats whose frames need no headers.</summary>
    public static readonly StreamHeaders None = new(default);

    public ReadOnlyMemory<byte> Bytes { get; } = bytes;
}
