namespace Veza.EventStore.Events;

/// <summary>What was read or decided rests on a history that the log no longer has.</summary>
public sealed class HistoryForkedException()
    : Exception(
        "the history of the log was forked by a promotion or a restore; what was read before it does not go on"
    );
