using Veza.EventStore.Events;

namespace Veza.EventStore.Reading;

/// <summary>Which events to read, and in which direction.</summary>
/// <param name="After">Only positions above it.</param>
/// <param name="UpTo">Only positions up to it. Partitions outside of the two are not read.</param>
/// <remarks>
/// The cost of N events out of a span of S positions, in either direction:
/// all of the log: N, along the primary key;
/// one stream: N, along the index of streams, and a look-up in the index of each partition of the span;
/// by type: S, as no index has types. Every append would pay for one, and only analysts' scans would use it.
/// By topic, <c>views.log_topics</c> has the positions and <see cref="LogReader.ReadPositionsAsync"/> reads the events.
/// </remarks>
public sealed record LogQuery(long After = 0, long UpTo = long.MaxValue)
{
    /// <summary>Aliases to keep; null keeps all.</summary>
    public string[]? Types { get; init; }

    /// <summary>The one stream to keep; null keeps all.</summary>
    public Guid? Stream { get; init; }

    /// <summary>Newest first.</summary>
    public bool Backwards { get; init; }

    /// <summary>Whether finding an event may mean scanning many others.</summary>
    public bool Scans => Types is not null && Stream is null;

    /// <summary>
    /// Only the stream's versions above it. The next page begins after a page's last version; by position alone each
    /// page would scan the stream from its start.
    /// </summary>
    public long AfterVersion { get; init; }

    /// <summary>Only the stream's versions below it.</summary>
    public long BeforeVersion { get; init; } = long.MaxValue;

    /// <summary>The rest of the query after a page.</summary>
    internal LogQuery Beyond(RecordedEvent last) =>
        (Backwards, Stream) switch
        {
            (false, null) => this with { After = last.Position },
            (false, _) => this with { After = last.Position, AfterVersion = last.Version },
            (true, null) => this with { UpTo = last.Position - 1 },
            (true, _) => this with { UpTo = last.Position - 1, BeforeVersion = last.Version },
        };
}
