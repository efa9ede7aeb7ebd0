using System.Buffers;
using System.Data;
using Npgsql;

namespace Veza.EventStore.Verification;

/// <summary>
/// Computes the digests of the stored events, in the order of their positions and for one link at a time.
/// </summary>
internal sealed class StoredDigests : IAsyncDisposable
{
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlDataReader _rows;
    private readonly ArrayBufferWriter<byte> _digests = new();
    private bool _more;

    private StoredDigests(NpgsqlCommand command, NpgsqlDataReader rows, bool more)
    {
        _command = command;
        _rows = rows;
        _more = more;
    }

    public static async Task<StoredDigests> OpenAsync(
        NpgsqlConnection connection,
        long after,
        long upTo,
        CancellationToken ct
    )
    {
        // Veza leaves some columns of Marten's empty. An event with a value in one of them was not appended by Veza.
        var command = new NpgsqlCommand(
            """
            select seq_id, id, coalesce(stream_id, '00000000-0000-0000-0000-000000000000'), version, type,
                   mt_dotnet_type, user_name, correlation_id, causation_id,
                   bdata is null and headers is null and not coalesce(is_archived, false)
                       and coalesce(tenant_id, '*DEFAULT*') = '*DEFAULT*',
                   data::text
            from log.mt_events where seq_id > $1 and seq_id <= $2 order by seq_id
            """,
            connection
        )
        {
            CommandTimeout = 0,
        };
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        return new(command, rows, await rows.ReadAsync(ct));
    }

    /// <summary>
    /// The digests, of 32 bytes each, of the events since the last call up to a position. Valid until the next call.
    /// </summary>
    public async Task<ReadOnlyMemory<byte>> UpToAsync(long position, CancellationToken ct)
    {
        _digests.ResetWrittenCount();
        while (_more && _rows.GetInt64(0) <= position)
        {
            Append();
            _more = await _rows.ReadAsync(ct);
        }
        return _digests.WrittenMemory;
    }

    public async ValueTask DisposeAsync()
    {
        await _rows.DisposeAsync();
        await _command.DisposeAsync();
    }

    private void Append()
    {
        var digest = _digests.GetSpan(EventDigest.Bytes)[..EventDigest.Bytes];
        digest.Clear();
        if (_rows.GetBoolean(9))
            EventDigest.Compute(
                _rows.GetGuid(1),
                _rows.GetGuid(2),
                _rows.GetInt64(3),
                _rows.GetString(4),
                Text(5),
                Text(6),
                Text(7),
                Text(8),
                _rows.GetFieldValue<byte[]>(10),
                digest
            );
        _digests.Advance(EventDigest.Bytes);
    }

    private string? Text(int column) => _rows.IsDBNull(column) ? null : _rows.GetString(column);
}
