namespace Veza.EventStore.Projections;

public enum ProjectionState
{
    Running,

    /// <summary>It makes no progress; its error says why.</summary>
    Faulted,

    /// <summary>Another runner moved its checkpoint; it starts over from it.</summary>
    Fenced,

    /// <summary>Another node runs it, or soon will.</summary>
    Elsewhere,

    /// <summary>The views show another version's rows, until this one is built or for good.</summary>
    NotServing,
}

/// <param name="Position">Everything at or below it is in the rows.</param>
public sealed record ProjectionStatus(string Name, ProjectionState State, long Position, long Lag, string? Error);
