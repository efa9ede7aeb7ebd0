namespace Veza.Media.Live;

public enum MountState
{
    Waiting,
    Live,
    Interrupted,
    Ended,
}

/// <summary>Why a mount ended: it was stopped, or no source came (back) within the grace time.</summary>
public enum MountEnd
{
    Stopped,
    SourceLost,
}
