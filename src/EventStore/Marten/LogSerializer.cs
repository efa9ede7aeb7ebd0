using System.Buffers;
using System.Data.Common;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Weasel.Storage;
using ISerializer = Marten.ISerializer;
using SystemTextJsonSerializer = Marten.Services.SystemTextJsonSerializer;

namespace Veza.EventStore.Marten;

/// <summary>
/// Serializes events for Marten as nodes do: in camel case, with upcasters, and with personal texts encrypted when
/// written and decrypted when read. Everything else is Marten's System.Text.Json. Any thread may use it.
/// </summary>
/// <remarks>
/// A text is encrypted for its event's id, which Marten does not pass to its serializer. For writing,
/// <see cref="SealingSessions"/> notes the id; for reading, it is in the row. Where a query selects the data alone
/// (<c>QueryRawEventDataOnly</c>), texts stay encrypted.
/// </remarks>
internal sealed class LogSerializer(EventTypes types, EventIds ids)
    : SystemTextJsonSerializer(new JsonSerializerOptions(types.Json)),
        ISerializer,
        IStorageSerializer
{
    string IStorageSerializer.ToJson(object? document) =>
        IsEvent(document) ? Encoding.UTF8.GetString(Write(document!)) : ToJson(document);

    void IStorageSerializer.WriteTo(IBufferWriter<byte> writer, object? value)
    {
        if (IsEvent(value))
            writer.Write(Write(value!));
        else
            WriteTo(writer, value);
    }

    void ISerializer.WriteToParameter(NpgsqlParameter parameter, object? value)
    {
        if (!IsEvent(value))
        {
            WriteToParameter(parameter, value);
            return;
        }
        parameter.NpgsqlDbType = NpgsqlDbType.Jsonb;
        parameter.Value = Write(value!);
    }

    void IStorageSerializer.WriteToParameter(DbParameter parameter, object? value) =>
        ((ISerializer)this).WriteToParameter((NpgsqlParameter)parameter, value);

    T IStorageSerializer.FromJson<T>(DbDataReader reader, int index) =>
        types.Knows(typeof(T)) ? (T)Read(typeof(T), reader, index) : FromJson<T>(reader, index);

    object IStorageSerializer.FromJson(Type type, DbDataReader reader, int index) =>
        types.Knows(type) ? Read(type, reader, index) : FromJson(type, reader, index);

    async ValueTask<T> IStorageSerializer.FromJsonAsync<T>(
        DbDataReader reader,
        int index,
        CancellationToken cancellationToken
    ) =>
        types.Knows(typeof(T))
            ? (T)await ReadAsync(typeof(T), reader, index, cancellationToken)
            : await FromJsonAsync<T>(reader, index, cancellationToken);

    ValueTask<object> IStorageSerializer.FromJsonAsync(
        Type type,
        DbDataReader reader,
        int index,
        CancellationToken cancellationToken
    ) =>
        types.Knows(type)
            ? ReadAsync(type, reader, index, cancellationToken)
            : FromJsonAsync(type, reader, index, cancellationToken);

    /// <summary>Reads an event of the current schema version from a row that Marten selected.</summary>
    internal object Read(Type type, DbDataReader row, int data)
    {
        var json = row.GetFieldValue<byte[]>(data);
        var prepared = types.Personal.PrepareAsync(type, json, CancellationToken.None);
        if (!prepared.IsCompletedSuccessfully)
            prepared.AsTask().GetAwaiter().GetResult();
        return Read(type, row, json);
    }

    /// <summary><see cref="Read(Type, DbDataReader, int)"/> that waits for keys without blocking a thread.</summary>
    internal async ValueTask<object> ReadAsync(Type type, DbDataReader row, int data, CancellationToken ct)
    {
        var json = await row.GetFieldValueAsync<byte[]>(data, ct);
        await types.Personal.PrepareAsync(type, json, ct);
        return Read(type, row, json);
    }

    private object Read(Type type, DbDataReader row, byte[] json)
    {
        var (alias, id) = (types.Describe(type).Alias, Guid.Empty);
        for (var column = 0; column < row.FieldCount; column++)
        {
            if (row.GetName(column) == "type")
                alias = row.GetString(column);
            else if (row.GetName(column) == "id")
                id = row.GetGuid(column);
        }
        return types.Read(alias, json, id) ?? throw new JsonException($"{alias} is no event type of this process");
    }

    private bool IsEvent(object? value) => value is not null && types.Knows(value.GetType());

    private byte[] Write(object data) => types.Write(data, ids.Of(data, mustBeKnown: types.IsPersonal(data.GetType())));
}
