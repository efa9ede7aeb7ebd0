using System.Collections.Concurrent;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Veza.Api.Observability;

/// <summary>One metric: a series for each combination of labels.</summary>
/// <remarks>Recording a known combination neither allocates nor locks: requests and appends do it tens of thousands of times a second.</remarks>
/// <param name="absolute">Each measurement is the value itself; otherwise it is added to what was measured before.</param>
/// <param name="observable">Measured at each scrape only.</param>
internal sealed class MetricFamily(string name, string help, MetricKind kind, double[] bounds, bool absolute, bool observable = false)
{
    /// <summary>A label with unbounded values, such as one made of ids, must not eat the memory: more are counted together.</summary>
    public const int SeriesMax = 2_000;

    private static readonly Tag[] Overflow = [new("overflow", "true")];

    private readonly ConcurrentDictionary<Tag[], Series> byTags = new(TagComparer.Instance);
    // The same labels may come in different order; they are one series.
    private readonly ConcurrentDictionary<string, Series> byLabels = new();

    public string Name => name;
    public (MetricKind, bool, bool) Behaviour => (kind, absolute, observable);

    /// <param name="tags">Their values are turned to text when first seen.</param>
    public void Record(double value, ReadOnlySpan<Tag> tags)
    {
        if (!byTags.GetAlternateLookup<ReadOnlySpan<Tag>>().TryGetValue(tags, out var series)) series = Add(tags);
        if (absolute) series.Set(value);
        else series.Add(value);
    }

    /// <summary>Forgets what observable instruments reported before: a series they no longer report is no more.</summary>
    public void BeginObservation()
    {
        if (!observable) return;
        byTags.Clear();
        byLabels.Clear();
    }

    public void WriteTo(PrometheusText text)
    {
        if (byLabels.IsEmpty) return;
        text.Header(name, help, kind);
        foreach (var (labels, series) in byLabels.OrderBy(s => s.Key, StringComparer.Ordinal)) series.WriteTo(text, name, labels);
    }

    private Series Add(ReadOnlySpan<Tag> tags)
    {
        // Two threads may pass the limit together; that it is exact matters less than that there is one.
        if (byTags.Count >= SeriesMax) tags = Overflow;
        var labels = PrometheusText.Labels(tags, kind);
        var series = byLabels.GetOrAdd(labels, _ => new Series(kind, bounds));
        if (byTags.Count <= SeriesMax) byTags[tags.ToArray()] = series;
        return series;
    }

    private sealed class TagComparer : IEqualityComparer<Tag[]>, IAlternateEqualityComparer<ReadOnlySpan<Tag>, Tag[]>
    {
        public static readonly TagComparer Instance = new();

        public bool Equals(Tag[]? one, Tag[]? other) => Equals(one.AsSpan(), other!);
        public int GetHashCode(Tag[] tags) => GetHashCode(tags.AsSpan());
        public Tag[] Create(ReadOnlySpan<Tag> tags) => tags.ToArray();

        public bool Equals(ReadOnlySpan<Tag> tags, Tag[] other)
        {
            if (tags.Length != other.Length) return false;
            for (var i = 0; i < tags.Length; i++)
                if (tags[i].Key != other[i].Key || !Equals(tags[i].Value, other[i].Value)) return false;
            return true;
        }

        public int GetHashCode(ReadOnlySpan<Tag> tags)
        {
            var hash = new HashCode();
            foreach (ref readonly var tag in tags)
            {
                hash.Add(tag.Key);
                hash.Add(tag.Value);
            }
            return hash.ToHashCode();
        }
    }
}

/// <summary>One line of a counter or gauge, or all lines of one histogram.</summary>
internal sealed class Series(MetricKind kind, double[] bounds)
{
    private readonly long[] buckets = kind == MetricKind.Histogram ? new long[bounds.Length + 1] : [];
    private double sum;

    public void Set(double value) => Volatile.Write(ref sum, value);

    public void Add(double value)
    {
        if (kind == MetricKind.Histogram) Interlocked.Increment(ref buckets[BucketOf(value)]);
        for (var seen = Volatile.Read(ref sum); ;)
        {
            var before = Interlocked.CompareExchange(ref sum, seen + value, seen);
            // By bits, as NaN is never equal to itself.
            if (BitConverter.DoubleToInt64Bits(before) == BitConverter.DoubleToInt64Bits(seen)) return;
            seen = before;
        }
    }

    public void WriteTo(PrometheusText text, string name, string labels)
    {
        if (kind != MetricKind.Histogram)
        {
            text.Sample(name, labels, Volatile.Read(ref sum));
            return;
        }

        // The count is taken from the buckets, so that the two agree even while measurements arrive.
        long count = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            count += Interlocked.Read(ref buckets[i]);
            text.Bucket(name, labels, i < bounds.Length ? bounds[i] : double.PositiveInfinity, count);
        }
        text.Sample(name + "_sum", labels, Volatile.Read(ref sum));
        text.Sample(name + "_count", labels, count);
    }

    /// <summary>The first bound that is not below the value; a bound belongs to its bucket.</summary>
    private int BucketOf(double value)
    {
        var i = Array.BinarySearch(bounds, value);
        return i >= 0 ? i : double.IsNaN(value) ? bounds.Length : ~i;
    }
}
