using System.Buffers;
using System.Data.Common;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Personal;
using Weasel.Storage;
using ISerializer = Marten.ISerializer;
using SystemTextJsonSerializer = Marten.Services.SystemTextJsonSerializer;

namespace Veza.EventStore.Marten;

/// <summary>
/// Reads and writes events for Marten as nodes do: camel case, earlier schema versions brought to the current one,
/// personal texts opened when they are read and sealed when they are written. Everything else is Marten's own
/// System.Text.Json. Safe for any thread.
/// </summary>
/// <remarks>
/// A text is sealed for its event's id. Marten's serializer is not given it: on the way in
/// <see cref="SealingSessions"/> notes it, on the way out it stands in the row. Where a query selects the data alone
/// (<c>QueryRawEventDataOnly</c>), sealed texts stay sealed.
/// </remarks>
internal sealed class LogSerializer(PersonalDataCipher cipher, EventIds ids)
    : SystemTextJsonSerializer(new JsonSerializerOptions(cipher.Types.Json)),
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
        cipher.Types.Knows(typeof(T)) ? (T)Read(typeof(T), reader, index) : FromJson<T>(reader, index);

    object IStorageSerializer.FromJson(Type type, DbDataReader reader, int index) =>
        cipher.Types.Knows(type) ? Read(type, reader, index) : FromJson(type, reader, index);

    async ValueTask<T> IStorageSerializer.FromJsonAsync<T>(
        DbDataReader reader,
        int index,
        CancellationToken cancellationToken
    ) =>
        cipher.Types.Knows(typeof(T))
            ? (T)await ReadAsync(typeof(T), reader, index, cancellationToken)
            : await FromJsonAsync<T>(reader, index, cancellationToken);

    ValueTask<object> IStorageSerializer.FromJsonAsync(
        Type type,
        DbDataReader reader,
        int index,
        CancellationToken cancellationToken
    ) =>
        cipher.Types.Knows(type)
            ? ReadAsync(type, reader, index, cancellationToken)
            : FromJsonAsync(type, reader, index, cancellationToken);

    /// <summary>An event in its current shape, from a row that Marten selected.</summary>
    internal object Read(Type type, DbDataReader row, int data)
    {
        var json = row.GetFieldValue<byte[]>(data);
        var prepared = cipher.PrepareAsync(type, json, CancellationToken.None);
        if (!prepared.IsCompletedSuccessfully)
            prepared.AsTask().GetAwaiter().GetResult();
        return Read(type, row, json);
    }

    /// <summary><see cref="Read(Type, DbDataReader, int)"/>, waiting for keys without holding a thread.</summary>
    internal async ValueTask<object> ReadAsync(Type type, DbDataReader row, int data, CancellationToken ct)
    {
        var json = await row.GetFieldValueAsync<byte[]>(data, ct);
        await cipher.PrepareAsync(type, json, ct);
        return Read(type, row, json);
    }

    private object Read(Type type, DbDataReader row, byte[] json)
    {
        var (alias, id) = (cipher.Types.Describe(type).Alias, Guid.Empty);
        for (var column = 0; column < row.FieldCount; column++)
        {
            if (row.GetName(column) == "type")
                alias = row.GetString(column);
            else if (row.GetName(column) == "id")
                id = row.GetGuid(column);
        }
        return cipher.Read(alias, json, id) ?? throw new JsonException($"{alias} is no event type of this process");
    }

    private bool IsEvent(object? value) => value is not null && cipher.Types.Knows(value.GetType());

    private byte[] Write(object data) =>
        cipher.Write(data, ids.Of(data, mustBeKnown: cipher.Types.IsPersonal(data.GetType())));
}
