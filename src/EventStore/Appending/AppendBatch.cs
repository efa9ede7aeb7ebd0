using System.Data;
using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Appending;

/// <summary>The commands that one call of <c>log.append_batch</c> takes.</summary>
/// <param name="reader">Reads the data of the events appended.</param>
/// <param name="expected">The approximate number of commands.</param>
internal sealed class AppendBatch(IEventReader reader, int expected)
{
    /// <summary>The outcome of a command id that was used before.</summary>
    private const short Repeated = 3;

    private readonly List<PendingAppend> _commands = new(expected);
    private readonly HashSet<Guid> _commandIds = new(expected);

    public IReadOnlyList<PendingAppend> Commands => _commands;
    public int EventCount { get; private set; }

    /// <summary>The <c>traceparent</c> of the first command that has one.</summary>
    public string? Trace { get; private set; }

    /// <returns>
    /// False when the command id is already in the batch: in the next one the command is found to be a duplicate.
    /// </returns>
    public bool TryAdd(PendingAppend command)
    {
        if (!_commandIds.Add(command.Request.CommandId))
            return false;
        _commands.Add(command);
        EventCount += command.EventCount;
        Trace ??= command.Request.Correlation;
        return true;
    }

    /// <summary>
    /// Sends the batch. Outcomes are in the order of the commands; accepted events come as the log has them.
    /// </summary>
    public async Task<(AppendOutcome[] Outcomes, List<RecordedEvent> Events)> WriteAsync(
        AppendCall call,
        CancellationToken ct
    )
    {
        var arrays = new BatchArrays(_commands, EventCount);
        var answer = await call.ExecuteAsync(arrays, ct);
        var remembered =
            answer.Outcomes is null || Array.IndexOf(answer.Outcomes, Repeated) < 0
                ? []
                : await RememberedAsync(answer.Outcomes, call.Connection, ct);
        var outcomes = new AppendOutcome[_commands.Count];
        var events = new List<RecordedEvent>(EventCount);
        var position = answer.OldHead;
        for (var i = 0; i < outcomes.Length; i++)
        {
            var command = _commands[i];
            switch (answer.Outcomes?[i] ?? 0)
            {
                case 0:
                    Record(command, position, answer.At, events);
                    position += command.EventCount;
                    outcomes[i] = Accepted(command, position, answer.At);
                    break;
                case 1:
                    outcomes[i] = new AppendOutcome.VersionConflict(
                        arrays.StreamIds[answer.Conflicts![i] - 1],
                        answer.Actuals![i]
                    );
                    break;
                case 2:
                    outcomes[i] = new AppendOutcome.NameTaken(
                        arrays.Names[answer.Conflicts![i] - 1].Scope,
                        arrays.Names[answer.Conflicts[i] - 1].Name
                    );
                    break;
                case Repeated:
                    outcomes[i] = remembered[command.Request.CommandId];
                    break;
                case var other:
                    throw new InvalidOperationException(
                        $"append_batch answered outcome {other} for command {command.Request.CommandId}"
                    );
            }
        }
        return (outcomes, events);
    }

    /// <param name="position">Of the command's last event, when it has one.</param>
    private static AppendOutcome.Accepted Accepted(PendingAppend command, long position, DateTimeOffset at)
    {
        if (command.EventCount == 0)
            return command.Request.Unchanged is { } was ? new(was.Version, was.Position, at) : new(0, 0, at);
        return new(BatchArrays.VersionAnswered(command.Request), position, at);
    }

    /// <summary>
    /// Adds a command's events. Their positions and versions follow from the answer and the expected versions.
    /// </summary>
    private void Record(PendingAppend command, long position, DateTimeOffset at, List<RecordedEvent> events)
    {
        foreach (var e in command.Events)
            events.Add(
                new(
                    ++position,
                    e.Id,
                    e.StreamId,
                    e.Version,
                    e.Type.Alias,
                    at,
                    command.Request.CommandId,
                    command.Request.By,
                    e.Json,
                    reader,
                    e.Data,
                    command.Request.Correlation
                )
            );
    }

    /// <summary>
    /// Reads the first answers of repeated commands, after the log's lock is free again. PostgreSQL sends a row before
    /// it commits: answers longer than the socket's buffers would hold the lock until this node reads them.
    /// </summary>
    private async Task<Dictionary<Guid, AppendOutcome.Duplicate>> RememberedAsync(
        short[] outcomes,
        NpgsqlConnection connection,
        CancellationToken ct
    )
    {
        await using var find = new NpgsqlCommand(
            "select id, version, position, answer::text, fingerprint from log.commands where id = any ($1)",
            connection
        );
        find.Parameters.Add(
            new NpgsqlParameter<Guid[]>
            {
                TypedValue = [.. _commands.Where((_, i) => outcomes[i] == Repeated).Select(c => c.Request.CommandId)],
            }
        );
        await using var rows = await find.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var remembered = new Dictionary<Guid, AppendOutcome.Duplicate>();
        while (await rows.ReadAsync(ct))
            remembered.Add(
                rows.GetGuid(0),
                new(
                    rows.GetInt64(1),
                    rows.GetInt64(2),
                    rows.IsDBNull(3) ? null : rows.GetFieldValue<byte[]>(3),
                    rows.IsDBNull(4) ? null : rows.GetFieldValue<byte[]>(4)
                )
            );
        return remembered;
    }
}
