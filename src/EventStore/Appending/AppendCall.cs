using System.Data;
using Npgsql;
using NpgsqlTypes;

namespace Veza.EventStore.Appending;

/// <summary>
/// The answer of <c>log.append_batch</c>. The arrays have one element per command and are null when all are accepted.
/// </summary>
/// <param name="OldHead">Accepted events have the positions after it, in their order.</param>
/// <param name="Conflicts">Index from 1 of the stream, or of the name, that a refused command failed at.</param>
/// <param name="Actuals">The stream's version that a refused command did not expect.</param>
/// <param name="ChangedStreams">
/// The streams of the events that others appended since <see cref="KnownVersions.Head"/>; null when there are none, or
/// too many.
/// </param>
/// <param name="ChangedVersions">The versions of these events in their streams.</param>
internal readonly record struct AppendAnswer(
    short[]? Outcomes,
    long OldHead,
    DateTimeOffset At,
    int[]? Conflicts = null,
    long[]? Actuals = null,
    Guid[]? ChangedStreams = null,
    long[]? ChangedVersions = null
);

/// <summary>The call of <c>log.append_batch</c> on one connection.</summary>
internal sealed class AppendCall
{
    /// <summary>
    /// The plan is made once per connection, often on an empty table; only index look-ups are right for it at every
    /// size.
    /// </summary>
    public const string ConnectionOptions =
        "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off "
        + "-c plan_cache_mode=force_generic_plan";

    /// <summary>
    /// A batch goes out in one piece, where the usual 8 KiB would wake the server for each part of it.
    /// </summary>
    public const int BufferBytes = 256 << 10;

    private readonly NpgsqlCommand _command;

    // For this connection only: another may lead to a server with another history.
    private readonly KnownVersions _known = new();

    private AppendCall(NpgsqlCommand command) => _command = command;

    public NpgsqlConnection Connection => _command.Connection!;

    /// <summary>
    /// Prepared once per connection. (Automatic preparation leaves the connection unusable when the statement's first
    /// execution fails.)
    /// </summary>
    public static async Task<AppendCall> PrepareAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var command = new NpgsqlCommand { Connection = connection };
        var call = new AppendCall(command);
        call.Fill(new([], 0));
        command.CommandText =
            "select outcomes, old_head, moment, conflicts, actuals, changed_streams, changed_versions "
            + $"from log.append_batch({string.Join(",", command.Parameters.Select((_, i) => $"${i + 1}"))})";
        await command.PrepareAsync(ct);
        return call;
    }

    public async Task<AppendAnswer> ExecuteAsync(BatchArrays batch, CancellationToken ct)
    {
        Fill(batch);
        await using var row = await _command.ExecuteReaderAsync(CommandBehavior.SingleRow, ct);
        await row.ReadAsync(ct);
        var answer = new AppendAnswer(
            row.IsDBNull(0) ? null : row.GetFieldValue<short[]>(0),
            row.GetInt64(1),
            row.GetFieldValue<DateTimeOffset>(2),
            row.IsDBNull(3) ? null : row.GetFieldValue<int[]>(3),
            row.IsDBNull(4) ? null : row.GetFieldValue<long[]>(4),
            row.IsDBNull(5) ? null : row.GetFieldValue<Guid[]>(5),
            row.IsDBNull(6) ? null : row.GetFieldValue<long[]>(6)
        );
        _known.Learn(batch, answer);
        return answer;
    }

    private void Fill(BatchArrays batch)
    {
        var next = 0;
        Set(NpgsqlDbType.Uuid, batch.CommandIds);
        Set(NpgsqlDbType.Bytea, batch.CommandFingerprints);
        Set(NpgsqlDbType.Jsonb, batch.CommandAnswers);
        Set(NpgsqlDbType.Bigint, batch.CommandPositions);
        Set(NpgsqlDbType.Bigint, batch.CommandVersions);
        Set(NpgsqlDbType.Integer, batch.CommandChangeEnds);
        Set(NpgsqlDbType.Integer, batch.CommandNameEnds);
        Set(NpgsqlDbType.Uuid, batch.StreamIds);
        Set(NpgsqlDbType.Text, batch.StreamTypes);
        Set(NpgsqlDbType.Bigint, batch.StreamsSeen);
        Set(NpgsqlDbType.Bigint, Array.ConvertAll(batch.StreamIds, _known.Of));
        SetOne(NpgsqlDbType.Bigint, _known.Head);
        Set(NpgsqlDbType.Integer, batch.ChangeStreams);
        Set(NpgsqlDbType.Bigint, batch.ChangesExpected);
        Set(NpgsqlDbType.Integer, batch.ChangeEvents);
        Set(NpgsqlDbType.Integer, batch.EventCommands);
        Set(NpgsqlDbType.Bigint, batch.EventVersions);
        Set(NpgsqlDbType.Uuid, batch.EventIds);
        Set(NpgsqlDbType.Uuid, batch.EventStreams);
        Set(NpgsqlDbType.Text, batch.EventTypes);
        Set(NpgsqlDbType.Text, batch.EventDotNetTypes);
        Set(NpgsqlDbType.Jsonb, batch.EventData);
        Set(NpgsqlDbType.Text, batch.EventUsers);
        Set(NpgsqlDbType.Text, batch.EventCorrelations);
        Set(NpgsqlDbType.Text, batch.EventCausations);
        SetOne(NpgsqlDbType.Bytea, batch.EventDigests);
        Set(NpgsqlDbType.Text, Names(n => n.Scope));
        Set(NpgsqlDbType.Text, Names(n => n.Name));
        Set(NpgsqlDbType.Uuid, Names(n => n.Owner));
        Set(NpgsqlDbType.Boolean, Names(n => n.Claim));
        Set(NpgsqlDbType.Uuid, batch.ErasedAccounts);
        Set(NpgsqlDbType.Integer, batch.ErasedCommands);

        void Set<T>(NpgsqlDbType element, T[] values) => SetOne(NpgsqlDbType.Array | element, values);

        void SetOne<T>(NpgsqlDbType type, T value)
        {
            if (next == _command.Parameters.Count)
                _command.Parameters.Add(new NpgsqlParameter<T> { NpgsqlDbType = type });
            ((NpgsqlParameter<T>)_command.Parameters[next++]).TypedValue = value;
        }

        T[] Names<T>(Func<UniqueNameClaim, T> of) => batch.Names.Count == 0 ? [] : [.. batch.Names.Select(of)];
    }
}
