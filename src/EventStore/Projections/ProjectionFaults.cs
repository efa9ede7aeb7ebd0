namespace Veza.EventStore.Projections;

/// <summary>This projection's checkpoint is not where this runner left it; nothing was written here.</summary>
public sealed class ProjectionFencedException(string projection, long position)
    : Exception(
        $"the checkpoint of projection {projection} is no longer {position}: another runner moved it, "
            + "or the database lost its last commits; this one starts over from it"
    );

/// <summary>
/// A rebuilt table took the place of the one whose rows a runner holds; it starts over from the checkpoint, which moved
/// with the table.
/// </summary>
public sealed class TableReplacedException(string table)
    : Exception($"{table} was rebuilt or dropped; the former rows in memory are dropped too");

/// <summary>The views show another version's rows.</summary>
internal sealed class NotServingException : Exception;

/// <summary>The rows hold events that the log no longer has, as after a restore of the log alone.</summary>
public sealed class ProjectionBeyondHeadException(string projection, long position)
    : Exception(
        $"the checkpoint of projection {projection} is {position}, and the log did not reach so far: "
            + "its rows hold events that no longer exist; only a rebuild repairs them"
    );
