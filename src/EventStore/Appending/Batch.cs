using System.Data;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Veza.EventStore.Appending;

/// <summary>A command waiting for its turn, its events already written as JSON.</summary>
internal sealed class PendingAppend(AppendRequest request, EventTypes types, int forks)
{
    public AppendRequest Request { get; } = request;

    /// <summary>How many forks of the log the command knows of.</summary>
    public int Forks { get; } = forks;
    public byte[][][] Json { get; } = [.. request.Changes.Select(c => c.Events.Select(types.Write).ToArray())];
    public TaskCompletionSource<AppendOutcome> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public int EventCount { get; } = request.Changes.Sum(c => c.Events.Count);
    public long AskedAt { get; } = System.Diagnostics.Stopwatch.GetTimestamp();
}

/// <summary>Commands laid out as the parallel arrays that <c>log.append_batch</c> takes.</summary>
internal sealed class Batch(EventTypes types)
{
    private readonly List<PendingAppend> _commands = [];
    private readonly HashSet<Guid> _commandIds = [];

    public IReadOnlyList<PendingAppend> Commands => _commands;
    public int EventCount { get; private set; }

    /// <returns>False when the command id is already in the batch: its twin waits for the next one, where it is found to be a duplicate.</returns>
    public bool TryAdd(PendingAppend command)
    {
        if (!_commandIds.Add(command.Request.CommandId)) return false;
        _commands.Add(command);
        EventCount += command.EventCount;
        return true;
    }

    /// <summary>Sends the batch. Outcomes are in the order of the commands; accepted events come as they now stand in the log.</summary>
    public async Task<(AppendOutcome[] Outcomes, List<RecordedEvent> Events)> WriteAsync(NpgsqlCommand call, CancellationToken ct)
    {
        Fill(call);
        var answer = await CallAsync(call, ct);
        var remembered = Array.IndexOf(answer.Outcomes, Repeated) < 0 ? [] : await RememberedAsync(answer.Outcomes, call.Connection!, ct);
        var outcomes = new AppendOutcome[_commands.Count];
        var events = new List<RecordedEvent>(EventCount);
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = Outcome(answer, remembered, i);
            if (outcomes[i] is AppendOutcome.Accepted accepted) Record(_commands[i], accepted, events);
        }
        return (outcomes, events);
    }

    private static async Task<Answer> CallAsync(NpgsqlCommand call, CancellationToken ct)
    {
        await using var reader = await call.ExecuteReaderAsync(CommandBehavior.SingleRow, ct);
        await reader.ReadAsync(ct);
        return new(
            reader.GetFieldValue<short[]>(0), reader.GetFieldValue<long[]>(1), reader.GetFieldValue<long[]>(2), reader.GetFieldValue<DateTimeOffset>(3),
            reader.GetFieldValue<int[]>(4), reader.GetFieldValue<long[]>(5));
    }

    /// <summary>What repeats are answered, looked up when the log's lock is free again: PostgreSQL sends a row before it commits, so that answers longer than
    /// the socket's buffers would keep the lock for as long as this node does not read them.</summary>
    private async Task<Dictionary<Guid, (byte[]? Fingerprint, byte[]? Answer)>> RememberedAsync(short[] outcomes, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var find = new NpgsqlCommand("select id, fingerprint, answer::text from log.commands where id = any ($1)", connection);
        find.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. _commands.Where((_, i) => outcomes[i] == Repeated).Select(c => c.Request.CommandId)] });
        await using var rows = await find.ExecuteReaderAsync(ct);
        var remembered = new Dictionary<Guid, (byte[]?, byte[]?)>();
        while (await rows.ReadAsync(ct))
            remembered.Add(rows.GetGuid(0), (rows.IsDBNull(1) ? null : rows.GetFieldValue<byte[]>(1), rows.IsDBNull(2) ? null : rows.GetFieldValue<byte[]>(2)));
        return remembered;
    }

    private AppendOutcome Outcome(Answer answer, Dictionary<Guid, (byte[]? Fingerprint, byte[]? Answer)> remembered, int i) => answer.Outcomes[i] switch
    {
        0 => new AppendOutcome.Accepted(answer.Versions[i], answer.Positions[i], answer.At),
        1 => new AppendOutcome.VersionConflict(_streamIds[answer.Conflicts[i] - 1], answer.Actuals[i]),
        2 => new AppendOutcome.NameTaken(_nameScopes[answer.Conflicts[i] - 1], _nameValues[answer.Conflicts[i] - 1]),
        Repeated when remembered.GetValueOrDefault(_commands[i].Request.CommandId) is var first =>
            new AppendOutcome.Duplicate(answer.Versions[i], answer.Positions[i], first.Answer, first.Fingerprint),
        var other => throw new InvalidOperationException($"append_batch answered outcome {other} for command {_commands[i].Request.CommandId}"),
    };

    /// <summary>What <c>log.append_batch</c> answers, one element per command.</summary>
    private readonly record struct Answer(
        short[] Outcomes, long[] Positions, long[] Versions, DateTimeOffset At, int[] Conflicts, long[] Actuals);

    /// <summary>The outcome of a command id that was used before.</summary>
    private const short Repeated = 3;

    /// <summary>Positions and versions follow from the answer and the expected versions, so they need not travel back.</summary>
    private void Record(PendingAppend command, AppendOutcome.Accepted accepted, List<RecordedEvent> events)
    {
        var request = command.Request;
        var position = accepted.Position - command.EventCount;
        var step = 0;
        for (var c = 0; c < request.Changes.Count; c++)
        {
            var change = request.Changes[c];
            for (var e = 0; e < change.Events.Count; e++, step++)
                events.Add(new(++position, EventId(request.CommandId, step), change.StreamId, change.ExpectedVersion + e + 1,
                    types.Describe(change.Events[e].GetType()).Alias, accepted.At, request.CommandId, request.By, command.Json[c][e], types, change.Events[e]));
        }
    }

    /// <summary>A command's first event carries the command's own id, the others ids beside it, so that most events need not name their command.</summary>
    internal static Guid EventId(Guid commandId, int step)
    {
        if (step == 0) return commandId;
        Span<byte> bytes = stackalloc byte[16];
        commandId.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[14] ^= (byte)(step >> 8);
        bytes[15] ^= (byte)step;
        return new(bytes, bigEndian: true);
    }

    private readonly List<Guid> _streamIds = [];
    private readonly List<string> _nameScopes = [];
    private readonly List<string> _nameValues = [];

    private void Fill(NpgsqlCommand call)
    {
        var n = _commands.Count;
        var (ids, fingerprints, answers) = (new Guid[n], new byte[]?[n], new string?[n]);
        var (unchangedPositions, unchangedVersions, changeEnds, nameEnds) = (new long[n], new long[n], new int[n], new int[n]);
        List<string> streamTypes = [], eventTypes = [], dotNetTypes = [];
        List<byte[]> data = [];
        List<string?> users = [], correlations = [], causations = [];
        List<int> changeStreams = [], changeEvents = [], eventChanges = [], eventOffsets = [];
        List<long> expected = [], streamSeen = [];
        List<Guid> eventIds = [], eventStreams = [], nameOwners = [];
        List<bool> nameClaims = [];
        var streams = new Dictionary<Guid, int>();
        _streamIds.Clear(); _nameScopes.Clear(); _nameValues.Clear();

        for (var i = 0; i < n; i++)
        {
            var (command, request) = (_commands[i], _commands[i].Request);
            (ids[i], fingerprints[i]) = (request.CommandId, request.Fingerprint);
            answers[i] = request.Answer is null ? null : Encoding.UTF8.GetString(request.Answer);
            (unchangedVersions[i], unchangedPositions[i]) = request.Unchanged ?? default;
            var step = 0;
            for (var c = 0; c < request.Changes.Count; c++)
            {
                var change = request.Changes[c];
                if (!streams.TryGetValue(change.StreamId, out var stream))
                {
                    streams.Add(change.StreamId, stream = streams.Count + 1);
                    _streamIds.Add(change.StreamId);
                    streamTypes.Add(change.StreamType);
                    streamSeen.Add(change.SeenPosition);
                }
                changeStreams.Add(stream);
                expected.Add(change.ExpectedVersion);
                changeEvents.Add(change.Events.Count);
                for (var e = 0; e < change.Events.Count; e++, step++)
                {
                    var type = types.Describe(change.Events[e].GetType());
                    eventChanges.Add(changeStreams.Count);
                    eventOffsets.Add(e);
                    eventIds.Add(EventId(request.CommandId, step));
                    eventStreams.Add(change.StreamId);
                    eventTypes.Add(type.Alias);
                    dotNetTypes.Add(type.DotNetType);
                    users.Add(request.By);
                    correlations.Add(request.Correlation);
                    causations.Add(step == 0 ? null : request.CommandId.ToString("N"));
                    data.Add(command.Json[c][e]);
                }
            }
            foreach (var name in request.Names)
            {
                _nameScopes.Add(name.Scope); _nameValues.Add(name.Name);
                nameOwners.Add(name.Owner); nameClaims.Add(name.Claim);
            }
            (changeEnds[i], nameEnds[i]) = (changeStreams.Count, nameOwners.Count);
        }

        object[] values =
        [
            ids, fingerprints, answers, unchangedPositions, unchangedVersions, changeEnds, nameEnds, _streamIds, streamTypes, streamSeen,
            changeStreams, expected, changeEvents, eventChanges, eventOffsets, eventIds, eventStreams, eventTypes, dotNetTypes, data, users, correlations, causations,
            _nameScopes, _nameValues, nameOwners, nameClaims,
        ];
        for (var i = 0; i < values.Length; i++) call.Parameters[i].Value = values[i];
    }

    /// <summary>The call, prepared once per connection. (Automatic preparation leaves the connection unusable when the statement's first execution fails.)</summary>
    public static async Task<NpgsqlCommand> PrepareAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        NpgsqlDbType[] types =
        [
            NpgsqlDbType.Uuid, NpgsqlDbType.Bytea, NpgsqlDbType.Jsonb, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Integer, NpgsqlDbType.Integer,
            NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Bigint,
            NpgsqlDbType.Integer, NpgsqlDbType.Bigint, NpgsqlDbType.Integer,
            NpgsqlDbType.Integer, NpgsqlDbType.Integer, NpgsqlDbType.Uuid, NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Jsonb,
            NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text,
            NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Uuid, NpgsqlDbType.Boolean,
        ];
        var call = new NpgsqlCommand($"select outcomes, positions, versions, moment, conflicts, actuals from log.append_batch({string.Join(",", types.Select((_, i) => $"${i + 1}"))})", connection);
        foreach (var type in types) call.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type });
        await call.PrepareAsync(ct);
        return call;
    }
}
