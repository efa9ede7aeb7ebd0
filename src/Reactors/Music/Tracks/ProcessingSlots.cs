using Veza.Commands.Music.Tracks;
using Veza.EventStore.Concurrency;

namespace Veza.Reactors.Music.Tracks;

/// <summary>Whose tracks are processed when more are uploaded than processors are there.</summary>
public sealed class ProcessingSlots : IAsyncDisposable
{
    /// <summary>
    /// Unfinished uploads that are in line: all are begun, in order, and then wait for a slot in turns. Of one account
    /// there are <see cref="Storage.ProcessingMax"/> at most.
    /// </summary>
    public const int QueueMax = 512;

    /// <summary>ffmpeg keeps one processor busy for each; it gives way to requests.</summary>
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
