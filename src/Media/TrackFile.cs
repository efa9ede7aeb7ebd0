namespace Veza.Media;

public enum TrackFile
{
    Original,
    Opus,
    Mp3,
}
