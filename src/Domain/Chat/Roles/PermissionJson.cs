using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Veza.Domain.Chat.Roles;

/// <summary>
/// Permissions in JSON: a string of decimal digits, because JavaScript's numbers hold 53 bits. Bits that are not in use
/// are kept, so that events of a later release survive an earlier one.
/// </summary>
public sealed class PermissionJson : JsonConverter<Permission>
{
    public override Permission Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        if (
            reader.TokenType == JsonTokenType.String
            && long.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
        )
            return (Permission)bits;
        throw new JsonException("permissions are a decimal number in a string, such as \"3072\"");
    }

    public override void Write(Utf8JsonWriter writer, Permission value, JsonSerializerOptions options) =>
        writer.WriteStringValue(((long)value).ToString(CultureInfo.InvariantCulture));
}
