namespace Veza.Media;

/// <param name="Format">Also the file's name in <see cref="MediaStore"/>.</param>
public sealed record TranscodeTarget(TrackFile Format, int BitRateKbps)
{
    public static readonly TranscodeTarget Opus = new(TrackFile.Opus, 128);
    public static readonly TranscodeTarget Mp3 = new(TrackFile.Mp3, 192);
}
