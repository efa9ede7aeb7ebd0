namespace Veza.Api.Live.Broadcasts;

/// <summary>Why a source's connection ended.</summary>
public enum SourceEndReason
{
    Closed,
    Finished,
    Idle,
    BroadcastEnded,
    BadStream,
    ServerStopping,
}

public readonly record struct SourceEnd(SourceEndReason Reason, string Detail);
