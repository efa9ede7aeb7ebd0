using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Veza.EventStore.Personal;

/// <summary>The personal data in a product's events and aggregates.</summary>
/// <param name="OwnerProperty">
/// For a personal text: the name of the <see cref="Guid"/> property of the same type that holds its account. Null for
/// other properties.
/// </param>
/// <param name="ErasedAccount">
/// For an event type that erases an account: the name of the property that holds the account. Null for other types.
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
    /// A personal property is no text, or no <see cref="Guid"/> property holds its account.
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
                    $"{type}.{property.Name} belongs to the account in {name}, which must be a Guid",
                    nameof(type)
                );
            found.Add((property, owner));
        }
        return found.Count == 0 ? null : new([.. found]);
    }

    /// <summary>The number of personal texts, including those that are null.</summary>
    public int Count => _properties.Length;

    /// <summary>Adds the accounts that an event's JSON names as its texts' owners, without deserializing it.</summary>
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

    /// <summary>The property of each text, and the one that holds its account.</summary>
    public IEnumerable<(string Text, string Owner)> Names => _properties.Select(p => (p.Text.Name, p.Owner.Name));

    /// <summary>The accounts of the texts, each once.</summary>
    public Guid[] Owners(object data) =>
        _properties is [var (_, owner)]
            ? [(Guid)owner.GetValue(data)!]
            : [.. _properties.Select(p => (Guid)p.Owner.GetValue(data)!).Distinct()];

    /// <summary>A copy with every personal text replaced. Null texts stay null.</summary>
    public object Replaced(object data, Func<Guid, string, string> replace)
    {
        var copy = Copy(data);
        ReplaceIn(copy, replace);
        return copy;
    }

    /// <param name="data">Not shared with other code yet, since it is changed.</param>
    public void ReplaceIn(object data, Func<Guid, string, string> replace)
    {
        foreach (var (text, owner) in _properties)
            if (text.GetValue(data) is string value)
                text.SetValue(data, replace((Guid)owner.GetValue(data)!, value));
    }
}
