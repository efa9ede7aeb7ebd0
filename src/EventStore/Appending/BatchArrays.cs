using System.Text;
using Veza.EventStore.Events;

namespace Veza.EventStore.Appending;

/// <summary>
/// A batch laid out as the parallel arrays that <c>log.append_batch</c> takes; its header says what each of them is.
/// </summary>
internal sealed class BatchArrays
{
    public BatchArrays(List<PendingAppend> commands, int eventCount)
    {
        EventCommands = new int[eventCount];
        EventVersions = new long[eventCount];
        EventIds = new Guid[eventCount];
        EventStreams = new Guid[eventCount];
        EventTypes = new string[eventCount];
        EventDotNetTypes = new string[eventCount];
        EventData = new byte[eventCount][];
        EventDigests = new byte[eventCount * Verification.EventDigest.Bytes];
        var at = 0;
        for (var i = 0; i < commands.Count; i++)
        {
            var (command, request) = (commands[i], commands[i].Request);
            command.Digests.CopyTo(EventDigests, at * Verification.EventDigest.Bytes);
            foreach (var e in command.Events)
            {
                (EventCommands[at], EventVersions[at], EventIds[at], EventStreams[at]) = (
                    i + 1,
                    e.Version,
                    e.Id,
                    e.StreamId
                );
                (EventTypes[at], EventDotNetTypes[at], EventData[at]) = (e.Type.Alias, e.Type.DotNetType, e.Json);
                at++;
            }
        }
        EventUsers = PerEvent(commands, eventCount, (command, _) => command.Request.By);
        EventCorrelations = PerEvent(commands, eventCount, (command, _) => command.Request.Correlation);
        EventCausations = PerEvent(commands, eventCount, (_, e) => e.Causation);
        if (!TryFillPlain(commands))
            FillWhole(commands);
    }

    public Guid[] CommandIds { get; private set; } = [];
    public byte[]?[] CommandFingerprints { get; private set; } = [];
    public string?[] CommandAnswers { get; private set; } = [];
    public long[] CommandPositions { get; private set; } = [];
    public long[] CommandVersions { get; private set; } = [];
    public int[] CommandChangeEnds { get; private set; } = [];
    public int[] CommandNameEnds { get; private set; } = [];
    public Guid[] StreamIds { get; private set; } = [];
    public string[] StreamTypes { get; private set; } = [];
    public long[] StreamsSeen { get; private set; } = [];
    public int[] ChangeStreams { get; private set; } = [];
    public long[] ChangesExpected { get; private set; } = [];
    public int[] ChangeEvents { get; private set; } = [];
    public int[] EventCommands { get; }
    public long[] EventVersions { get; }
    public Guid[] EventIds { get; }
    public Guid[] EventStreams { get; }
    public string[] EventTypes { get; }
    public string[] EventDotNetTypes { get; }
    public byte[][] EventData { get; }
    public string?[] EventUsers { get; }
    public string?[] EventCorrelations { get; }
    public string?[] EventCausations { get; }
    public byte[] EventDigests { get; }
    public IReadOnlyList<UniqueNameClaim> Names { get; private set; } = [];
    public Guid[] ErasedAccounts { get; private set; } = [];
    public int[] ErasedCommands { get; private set; } = [];

    /// <returns>Empty when there is none: PostgreSQL fills up with null.</returns>
    private static string?[] PerEvent(
        List<PendingAppend> commands,
        int eventCount,
        Func<PendingAppend, PendingEvent, string?> of
    )
    {
        string?[] values = [];
        var at = 0;
        foreach (var command in commands)
        foreach (var e in command.Events)
        {
            if (of(command, e) is { } value)
                (values.Length == 0 ? values = new string?[eventCount] : values)[at] = value;
            at++;
        }
        return values;
    }

    /// <summary>The version answered is that of the first stream the command adds to: the one it is about.</summary>
    public static long VersionAnswered(AppendRequest request)
    {
        foreach (var change in request.Changes)
            if (change.Events.Count > 0)
                return change.ExpectedVersion + change.Events.Count;
        return request.Unchanged?.Version ?? 0;
    }

    /// <summary>
    /// Most batches: nothing to claim or to remember, one change a command, each of another stream. These cost the
    /// server much less.
    /// </summary>
    private bool TryFillPlain(List<PendingAppend> commands)
    {
        var n = commands.Count;
        var streams = new HashSet<Guid>(n);
        foreach (var command in commands)
            if (
                command.Request
                    is not {
                        Fingerprint: null,
                        Names.Count: 0,
                        ErasedAccounts: null,
                        Changes: [{ Events.Count: > 0 } change]
                    }
                || !streams.Add(change.StreamId)
            )
                return false;
        StreamIds = new Guid[n];
        StreamTypes = new string[n];
        StreamsSeen = new long[n];
        ChangesExpected = new long[n];
        for (var i = 0; i < n; i++)
        {
            var change = commands[i].Request.Changes[0];
            (StreamIds[i], StreamTypes[i], StreamsSeen[i], ChangesExpected[i]) = (
                change.StreamId,
                change.StreamType,
                change.SeenPosition,
                change.ExpectedVersion
            );
        }
        return true;
    }

    private void FillWhole(List<PendingAppend> commands)
    {
        var n = commands.Count;
        CommandIds = new Guid[n];
        CommandFingerprints = new byte[]?[n];
        CommandAnswers = new string?[n];
        CommandPositions = new long[n];
        CommandVersions = new long[n];
        CommandChangeEnds = new int[n];
        CommandNameEnds = new int[n];
        List<StreamChange> firsts = [],
            changes = [];
        List<int> changeStreams = [];
        List<UniqueNameClaim> names = [];
        List<(Guid Account, int Command)> erased = [];
        var streams = new Dictionary<Guid, int>();
        for (var i = 0; i < n; i++)
        {
            var request = commands[i].Request;
            (CommandIds[i], CommandFingerprints[i]) = (request.CommandId, request.Fingerprint);
            CommandAnswers[i] = request.Answer is null ? null : Encoding.UTF8.GetString(request.Answer);
            (CommandPositions[i], CommandVersions[i]) = (request.Unchanged?.Position ?? 0, VersionAnswered(request));
            foreach (var change in request.Changes)
            {
                if (!streams.TryGetValue(change.StreamId, out var stream))
                {
                    firsts.Add(change);
                    streams.Add(change.StreamId, stream = firsts.Count);
                }
                changes.Add(change);
                changeStreams.Add(stream);
            }
            names.AddRange(request.Names);
            erased.AddRange((request.ErasedAccounts ?? []).Select(account => (account, i + 1)));
            (CommandChangeEnds[i], CommandNameEnds[i]) = (changes.Count, names.Count);
        }
        StreamIds = [.. firsts.Select(c => c.StreamId)];
        StreamTypes = [.. firsts.Select(c => c.StreamType)];
        StreamsSeen = [.. firsts.Select(c => c.SeenPosition)];
        ChangeStreams = [.. changeStreams];
        ChangesExpected = [.. changes.Select(c => c.ExpectedVersion)];
        ChangeEvents = [.. changes.Select(c => c.Events.Count)];
        Names = names;
        (ErasedAccounts, ErasedCommands) = ([.. erased.Select(e => e.Account)], [.. erased.Select(e => e.Command)]);
    }
}
