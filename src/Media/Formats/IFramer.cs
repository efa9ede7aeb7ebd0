namespace Veza.Media.Formats;

/// <summary>Cuts a byte stream into frames. The bytes arrive in pieces of any size and may contain garbage.</summary>
public interface IFramer
{
    /// <summary>Reads more of the stream and appends the frames that it completes.</summary>
    void Write(ReadOnlySpan<byte> bytes, List<SoundFrame> frames);

    /// <summary>Appends the frame that closes the stream. An incomplete frame is dropped.</summary>
    void Finish(List<SoundFrame> frames);

    /// <summary>Why the bytes so far cannot become sound; null while they can.</summary>
    string? Fault { get; }
}
