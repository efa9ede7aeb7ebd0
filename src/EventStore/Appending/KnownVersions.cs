namespace Veza.EventStore.Appending;

/// <summary>
/// Caches the versions of streams lately appended to, as of a position, so that <c>log.append_batch</c> need not look
/// them up for the next batch.
/// </summary>
/// <remarks>
/// The versions are exact: <c>log.append_batch</c>, which holds the log's lock, answers with what other nodes appended
/// since. Two halves bound the cache: when the younger is full, the older is dropped. One connection's calls use it.
/// </remarks>
internal sealed class KnownVersions
{
    /// <summary>In each half; about 1.5 MB.</summary>
    public const int GenerationStreamsMax = 32_768;

    private Dictionary<Guid, long> _younger = [];
    private Dictionary<Guid, long> _older = [];

    /// <summary>The log's head when these versions were read.</summary>
    public long Head { get; private set; }

    /// <returns>0 when it is not cached.</returns>
    public long Of(Guid stream) =>
        _younger.TryGetValue(stream, out var version) || _older.TryGetValue(stream, out version) ? version : 0;

    public void Learn(BatchArrays batch, AppendAnswer answer)
    {
        if (answer.OldHead != Head)
            LearnOfOthers(answer.ChangedStreams, answer.ChangedVersions);
        Head = answer.OldHead;
        for (var i = 0; i < batch.EventIds.Length; i++)
        {
            if (answer.Outcomes is not null && answer.Outcomes[batch.EventCommands[i] - 1] != 0)
                continue;
            Know(batch.EventStreams[i], batch.EventVersions[i]);
            Head++;
        }
    }

    private void LearnOfOthers(Guid[]? streams, long[]? versions)
    {
        if (streams is null || versions is null)
        {
            _younger.Clear();
            _older.Clear();
            return;
        }
        for (var i = 0; i < streams.Length; i++)
            if (versions[i] > Of(streams[i]))
                Know(streams[i], versions[i]);
    }

    private void Know(Guid stream, long version)
    {
        if (_younger.Count == GenerationStreamsMax)
        {
            (_older, _younger) = (_younger, _older);
            _younger.Clear();
        }
        _younger[stream] = version;
    }
}
