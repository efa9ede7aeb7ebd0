namespace Veza.Media;

/// <summary>A file of a track: the upload or one of its copies.</summary>
public enum TrackFile
{
    Original,
    Opus,
    Mp3,

    /// <summary>Peaks of the whole track, for its page.</summary>
    WaveformOverview,

    /// <summary>Peaks of the whole track, for zooming in.</summary>
    WaveformFine,
}
