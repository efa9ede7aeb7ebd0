namespace Veza.Media;

/// <summary>A file of a track: the upload or one of its copies.</summary>
public enum TrackFile
{
    Original,
    Opus,
    Mp3,
}
