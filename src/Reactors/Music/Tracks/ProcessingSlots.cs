using Veza.Commands.Music.Tracks;
using Veza.EventStore.Concurrency;

namespace Veza.Reactors.Music.Tracks;

/// <summary>Shares the processors fairly among the accounts whose tracks wait for processing.</summary>
public sealed class ProcessingSlots : IAsyncDisposable
{
    /// <summary>
    /// Unfinished uploads in the queue. All begin in order, and their accounts take turns at the slots. One account has
    /// at most <see cref="Storage.ProcessingMax"/>.
    /// </summary>
    public const int QueueMax = 512;

    /// <summary>Copies made at the same time. Each keeps one processor busy; ffmpeg yields to requests.</summary>
    private static readonly int CopiesAtOnceMax = Math.Max(2, Environment.ProcessorCount / 2);

    internal FairSlots Fair { get; } =
        new(
            new(
                "track_processing",
                CopiesAtOnceMax,
                SlotsPerCaller: CopiesAtOnceMax / 2,
                WaitingPerCaller: QueueMax,
                WaitingMax: QueueMax
            )
        );

    public ValueTask DisposeAsync() => Fair.DisposeAsync();
}
