using System.Buffers.Binary;

namespace Veza.Integration.Tests.Music.Tracks;

/// <summary>Makes real WAV files.</summary>
internal static class Wave
{
    private const int HeaderBytes = 44;

    /// <summary>A sine tone, 16-bit mono PCM.</summary>
    public static byte[] Sine(int seconds, int sampleRateHz, int toneHz = 440)
    {
        var samples = seconds * sampleRateHz;
        var file = new byte[HeaderBytes + samples * 2];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), sampleRateHz);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), sampleRateHz * 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), samples * 2);
        for (var i = 0; i < samples; i++)
            BinaryPrimitives.WriteInt16LittleEndian(
                file.AsSpan(HeaderBytes + i * 2),
                (short)(12_000 * Math.Sin(2 * Math.PI * toneHz * i / sampleRateHz))
            );
        return file;
    }

    /// <summary>
    /// An upload with these fields before the file; null leaves the file out. Each has its own boundary.
    /// </summary>
    public static MultipartFormDataContent Form(byte[]? file, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
            form.Add(new StringContent(value), name);
        if (file is not null)
            form.Add(new ByteArrayContent(file), "file", "anything at all.txt");
        return form;
    }
}
