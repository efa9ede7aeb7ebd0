using Veza.EventStore.Events;

namespace Veza.EventStore.Reading;

/// <summary>Which events to read, and in which direction.</summary>
/// <param name="After">Only positions above it.</param>
/// <param name="UpTo">Only positions up to it. Partitions outside of the two are not touched at all.</param>
/// <remarks>
/// What each form costs, for N events read out of a span of S positions:
/// all of the log, either way: N, along the primary key;
/// one stream, either way: N, along the index of streams, and a look into the index of each partition of the span;
/// by type: S. No index knows types, since every append would pay for it and only analysts' scans would use it: such a
/// query looks at each event of its span. By topic: <c>views.log_topics</c> has the positions, and
/// <see cref="LogReader.ReadPositionsAsync"/> their events.
/// </remarks>
public sealed record LogQuery(long After = 0, long UpTo = long.MaxValue)
{
    /// <summary>Aliases to keep; null keeps all.</summary>
    public string[]? Types { get; init; }

    /// <summary>The one stream to keep; null keeps all.</summary>
    public Guid? Stream { get; init; }

    /// <summary>Newest first.</summary>
    public bool Backwards { get; init; }

    /// <summary>Whether finding an event may mean looking at many that are passed over.</summary>
    public bool Scans => Types is not null && Stream is null;

    /// <summary>
    /// Only the stream's versions above it. A page's last version begins the next page; by position alone the stream
    /// would be walked from its start each time.
    /// </summary>
    public long AfterVersion { get; init; }

    /// <summary>Only the stream's versions below it.</summary>
    public long BeforeVersion { get; init; } = long.MaxValue;

    /// <summary>What is left when a page has been read.</summary>
    internal LogQuery Beyond(RecordedEvent last) =>
        (Backwards, Stream) switch
        {
            (false, null) => this with { After = last.Position },
            (false, _) => this with { After = last.Position, AfterVersion = last.Version },
            (true, null) => this with { UpTo = last.Position - 1 },
            (true, _) => this with { UpTo = last.Position - 1, BeforeVersion = last.Version },
        };
}
