using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Veza.EventStore.Events;

/// <summary>What a product says about the personal data in its events and models.</summary>
/// <param name="OwnerProperty">
/// For a property of text: the name of the property beside it that says whose it is, a <see cref="Guid"/>. Null for
/// what is nobody's.
/// </param>
/// <param name="ErasedAccount">
/// For a type of events that erase an account: the name of the property that says which. Null for all others.
/// </param>
public sealed record PersonalData(Func<PropertyInfo, string?> OwnerProperty, Func<Type, string?> ErasedAccount);

/// <summary>The personal properties of one type.</summary>
internal sealed class PersonalProperties
{
    private static readonly Func<object, object> Copy = typeof(object)
        .GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!
        .CreateDelegate<Func<object, object>>();

    private readonly (PropertyInfo Text, PropertyInfo Owner)[] _properties;

    private readonly byte[][] _ownerNames;

    private PersonalProperties((PropertyInfo Text, PropertyInfo Owner)[] properties)
    {
        _properties = properties;
        var names = properties.Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Owner.Name)).Distinct();
        _ownerNames = [.. names.Select(Encoding.UTF8.GetBytes)];
    }

    /// <returns>Null when the type has none.</returns>
    /// <exception cref="ArgumentException">
    /// A personal property is no text, or whose it is is not said by a <see cref="Guid"/> beside it.
    /// </exception>
    public static PersonalProperties? Of(Type type, PersonalData said)
    {
        var found = new List<(PropertyInfo, PropertyInfo)>();
        foreach (var property in type.GetProperties())
        {
            if (said.OwnerProperty(property) is not { } name)
                continue;
            if (property.PropertyType != typeof(string) || !property.CanWrite)
                throw new ArgumentException(
                    $"{type}.{property.Name} is personal and must be a string that can be set",
                    nameof(type)
                );
            if (type.GetProperty(name) is not { } owner || owner.PropertyType != typeof(Guid))
                throw new ArgumentException(
                    $"{type}.{property.Name} is the account's in {name}, which must be a Guid",
                    nameof(type)
                );
            found.Add((property, owner));
        }
        return found.Count == 0 ? null : new([.. found]);
    }

    /// <summary>Texts that are personal, those that are null included.</summary>
    public int Count => _properties.Length;

    /// <summary>Adds the accounts that an event's JSON names as its texts' owners, without reading the event.</summary>
    public void AddOwners(ReadOnlySpan<byte> json, ISet<Guid> owners)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                continue;
            var isOwner = false;
            foreach (var name in _ownerNames)
                isOwner |= reader.ValueTextEquals(name);
            if (
                isOwner
                && reader.Read()
                && reader.TokenType == JsonTokenType.String
                && reader.TryGetGuid(out var owner)
            )
                owners.Add(owner);
        }
    }

    /// <summary>Each text's property, and the one that says whose it is.</summary>
    public IEnumerable<(string Text, string Owner)> Names => _properties.Select(p => (p.Text.Name, p.Owner.Name));

    /// <summary>Each once.</summary>
    public Guid[] Owners(object data) =>
        _properties is [var (_, owner)]
            ? [(Guid)owner.GetValue(data)!]
            : [.. _properties.Select(p => (Guid)p.Owner.GetValue(data)!).Distinct()];

    /// <summary>A copy with every personal text replaced; those that are null stay so.</summary>
    public object Replaced(object data, Func<Guid, string, string> replace)
    {
        var copy = Copy(data);
        ReplaceIn(copy, replace);
        return copy;
    }

    /// <param name="data">Nobody else's yet.</param>
    public void ReplaceIn(object data, Func<Guid, string, string> replace)
    {
        foreach (var (text, owner) in _properties)
            if (text.GetValue(data) is string value)
                text.SetValue(data, replace((Guid)owner.GetValue(data)!, value));
    }
}
