using System.Reflection;

namespace Veza.EventStore.Personal;

/// <summary>What a product says about the personal data in its events and models.</summary>
/// <param name="OwnerProperty">For a property of text: the name of the property beside it that says whose it is, a <see cref="Guid"/>. Null for what is nobody's.</param>
/// <param name="ErasedAccount">For a type of events that erase an account: the name of the property that says which. Null for all others.</param>
public sealed record PersonalData(Func<PropertyInfo, string?> OwnerProperty, Func<Type, string?> ErasedAccount);

/// <summary>The personal properties of one type.</summary>
internal sealed class PersonalProperties
{
    private static readonly Func<object, object> Copy =
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    private readonly (PropertyInfo Text, PropertyInfo Owner)[] _properties;

    private PersonalProperties((PropertyInfo, PropertyInfo)[] properties) => _properties = properties;

    /// <returns>Null when the type has none.</returns>
    /// <exception cref="ArgumentException">A personal property is no text, or whose it is is not said by a <see cref="Guid"/> beside it.</exception>
    public static PersonalProperties? Of(Type type, PersonalData said)
    {
        var found = new List<(PropertyInfo, PropertyInfo)>();
        foreach (var property in type.GetProperties())
        {
            if (said.OwnerProperty(property) is not { } name) continue;
            if (property.PropertyType != typeof(string) || !property.CanWrite) throw new ArgumentException($"{type}.{property.Name} is personal and must be a string that can be set", nameof(type));
            if (type.GetProperty(name) is not { } owner || owner.PropertyType != typeof(Guid)) throw new ArgumentException($"{type}.{property.Name} is the account's in {name}, which must be a Guid", nameof(type));
            found.Add((property, owner));
        }
        return found.Count == 0 ? null : new([.. found]);
    }

    /// <summary>Each once.</summary>
    public Guid[] Owners(object data) => _properties is [var (_, owner)] ? [(Guid)owner.GetValue(data)!] : [.. _properties.Select(p => (Guid)p.Owner.GetValue(data)!).Distinct()];

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
            if (text.GetValue(data) is string value) text.SetValue(data, replace((Guid)owner.GetValue(data)!, value));
    }
}
