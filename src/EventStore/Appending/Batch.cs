using System.Data;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Veza.EventStore.Appending;

/// <summary>A command waiting for its turn, its events already written as JSON.</summary>
internal sealed class PendingAppend(AppendRequest request, EventTypes types)
{
    public AppendRequest Request { get; } = request;
    public byte[][][] Json { get; } = [.. request.Changes.Select(c => c.Events.Select(types.Write).ToArray())];
    public TaskCompletionSource<AppendOutcome> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public int EventCount { get; } = request.Changes.Sum(c => c.Events.Count);
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
        await using var reader = await call.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var outcomes = new AppendOutcome[_commands.Count];
        var events = new List<RecordedEvent>(EventCount);
        for (var i = 0; await reader.ReadAsync(ct); i++)
        {
            outcomes[i] = Outcome(reader, i);
            if (outcomes[i] is AppendOutcome.Accepted accepted) Record(_commands[i], accepted, events);
        }
        return (outcomes, events);
    }

    private AppendOutcome Outcome(NpgsqlDataReader row, int command) => row.GetInt16(0) switch
    {
        0 => new AppendOutcome.Accepted(row.GetInt64(2), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(3)),
        1 => new AppendOutcome.VersionConflict(_streamIds[row.GetInt32(4) - 1], row.GetInt64(5)),
        2 => new AppendOutcome.NameTaken(_nameScopes[row.GetInt32(4) - 1], _nameValues[row.GetInt32(4) - 1]),
        3 => new AppendOutcome.Duplicate(row.GetInt64(2), row.GetInt64(1),
            row.IsDBNull(7) ? null : Encoding.UTF8.GetBytes(row.GetString(7)), row.IsDBNull(6) ? null : row.GetFieldValue<byte[]>(6)),
        var other => throw new InvalidOperationException($"append_batch answered outcome {other} for command {_commands[command].Request.CommandId}"),
    };

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
        var (users, correlations, fingerprints, answers) = (new string?[n], new string?[n], new byte[]?[n], new string?[n]);
        var (positions, versions, ids) = (new long?[n], new long?[n], new Guid[n]);
        List<string> streamTypes = [], eventTypes = [], dotNetTypes = [], data = [];
        List<string?> causations = [];
        List<int> changeCommands = [], changeStreams = [], changeEvents = [], eventChanges = [], eventOffsets = [], nameCommands = [];
        List<long> expected = [];
        List<Guid> eventIds = [], nameOwners = [];
        List<bool> nameClaims = [];
        var streams = new Dictionary<Guid, int>();
        _streamIds.Clear(); _nameScopes.Clear(); _nameValues.Clear();

        for (var i = 0; i < n; i++)
        {
            var (command, request) = (_commands[i], _commands[i].Request);
            (ids[i], users[i], correlations[i], fingerprints[i]) = (request.CommandId, request.By, request.Correlation, request.Fingerprint);
            answers[i] = request.Answer is null ? null : Encoding.UTF8.GetString(request.Answer);
            (versions[i], positions[i]) = command.EventCount == 0 && request.Unchanged is { } same ? (same.Version, same.Position) : ((long?)null, (long?)null);
            var step = 0;
            for (var c = 0; c < request.Changes.Count; c++)
            {
                var change = request.Changes[c];
                if (!streams.TryGetValue(change.StreamId, out var stream))
                {
                    streams.Add(change.StreamId, stream = streams.Count + 1);
                    _streamIds.Add(change.StreamId);
                    streamTypes.Add(change.StreamType);
                }
                changeCommands.Add(i + 1);
                changeStreams.Add(stream);
                expected.Add(change.ExpectedVersion);
                changeEvents.Add(change.Events.Count);
                for (var e = 0; e < change.Events.Count; e++, step++)
                {
                    var type = types.Describe(change.Events[e].GetType());
                    eventChanges.Add(changeCommands.Count);
                    eventOffsets.Add(e);
                    eventIds.Add(EventId(request.CommandId, step));
                    eventTypes.Add(type.Alias);
                    dotNetTypes.Add(type.DotNetType);
                    causations.Add(step == 0 ? null : request.CommandId.ToString("N"));
                    data.Add(Encoding.UTF8.GetString(command.Json[c][e]));
                }
            }
            foreach (var name in request.Names)
            {
                nameCommands.Add(i + 1);
                _nameScopes.Add(name.Scope); _nameValues.Add(name.Name);
                nameOwners.Add(name.Owner); nameClaims.Add(name.Claim);
            }
        }

        object[] values =
        [
            ids, users, correlations, fingerprints, answers, positions, versions, _streamIds, streamTypes, changeCommands, changeStreams, expected, changeEvents,
            eventChanges, eventOffsets, eventIds, eventTypes, dotNetTypes, causations, data, nameCommands, _nameScopes, _nameValues, nameOwners, nameClaims,
        ];
        for (var i = 0; i < values.Length; i++) call.Parameters[i].Value = values[i];
    }

    /// <summary>The call, prepared once per connection. (Automatic preparation leaves the connection unusable when the statement's first execution fails.)</summary>
    public static async Task<NpgsqlCommand> PrepareAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        NpgsqlDbType[] types =
        [
            NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Bytea, NpgsqlDbType.Jsonb, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint,
            NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Integer, NpgsqlDbType.Integer, NpgsqlDbType.Bigint, NpgsqlDbType.Integer,
            NpgsqlDbType.Integer, NpgsqlDbType.Integer, NpgsqlDbType.Uuid, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Jsonb,
            NpgsqlDbType.Integer, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Uuid, NpgsqlDbType.Boolean,
        ];
        var call = new NpgsqlCommand($"select * from log.append_batch({string.Join(",", types.Select((_, i) => $"${i + 1}"))})", connection);
        foreach (var type in types) call.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type });
        await call.PrepareAsync(ct);
        return call;
    }
}
