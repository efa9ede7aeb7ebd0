using System.Buffers.Binary;
using Veza.Media.Formats;

namespace Veza.Media;

/// <summary>
/// Checks that a file holds all the bytes its structure promises. ffmpeg decodes the existing part and does not report
/// the missing one.
/// </summary>
internal static class Completeness
{
    private const int ReadBytes = 64 * 1024;

    /// <returns>The missing part; null when the file is complete or its format does not show it.</returns>
    public static string? MissingFrom(string path, string container, CancellationToken cancellation)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, ReadBytes);
        return container switch
        {
            "wav" => Chunks(file, "data", littleEndian: true),
            "aiff" => Chunks(file, "SSND", littleEndian: false),
            "ogg" => OggPages(file, cancellation),
            "mp3" => MpegFrames(file, cancellation),
            _ => null,
        };
    }

    // RIFF and IFF files: a 12-byte preface, then chunks of name, length and content padded to an even length.
    private static string? Chunks(FileStream file, string soundChunk, bool littleEndian)
    {
        Span<byte> head = stackalloc byte[12];
        if (file.ReadAtLeast(head, 12, throwOnEndOfStream: false) < 12)
            return "its header is not complete";
        while (file.Length - file.Position >= 8)
        {
            file.ReadExactly(head[..8]);
            var length = littleEndian
                ? BinaryPrimitives.ReadUInt32LittleEndian(head[4..8])
                : BinaryPrimitives.ReadUInt32BigEndian(head[4..8]);
            var isSound = head[..4].SequenceEqual(System.Text.Encoding.ASCII.GetBytes(soundChunk));
            var there = file.Length - file.Position;
            // All ones, or zero, means "unknown" in files written to a pipe and in RF64.
            if (isSound && length is not (uint.MaxValue or 0) && length > there)
                return $"it declares {length:N0} bytes of sound and holds {there:N0}";
            if (isSound)
                return null;
            file.Seek(length + (length & 1), SeekOrigin.Current);
        }
        return "it has no sound";
    }

    // A missing end-of-stream mark is allowed, because recordings of live streams have none; half a page is not.
    private static string? OggPages(FileStream file, CancellationToken cancellation)
    {
        var framer = new OggFramer();
        Feed(file, framer, _ => { }, cancellation);
        return framer.PendingBytes > 0 ? "its last Ogg page is not complete" : null;
    }

    private static string? MpegFrames(FileStream file, CancellationToken cancellation)
    {
        var framer = new Mp3Framer();
        long? declared = null;
        var first = true;
        Feed(
            file,
            framer,
            frame =>
            {
                if (first)
                    declared = MpegHeader.DeclaredFrames(frame.Bytes.Span);
                first = false;
            },
            cancellation
        );
        // The frame that declares the count does not count itself.
        return declared > framer.FramesSeen - 1
                ? $"it declares {declared:N0} frames and holds {Math.Max(0, framer.FramesSeen - 1):N0}"
            : framer.PendingFrameBytes > 0 ? "its last frame is not complete"
            : null;
    }

    private static void Feed(
        FileStream file,
        IFramer framer,
        Action<SoundFrame> onFrame,
        CancellationToken cancellation
    )
    {
        var buffer = new byte[ReadBytes];
        var frames = new List<SoundFrame>();
        while (file.Read(buffer) is > 0 and var read)
        {
            cancellation.ThrowIfCancellationRequested();
            framer.Write(buffer.AsSpan(0, read), frames);
            frames.ForEach(onFrame);
            frames.Clear();
        }
        framer.Finish(frames);
        frames.ForEach(onFrame);
    }
}
