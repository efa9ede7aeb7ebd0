namespace Veza.Domain;

/// <summary>
/// Marks a personal text: one that a person wrote or that identifies them. The log stores it encrypted with its
/// account's key, and it reads as "" once that key is destroyed.
/// </summary>
/// <param name="owner">The property of the same record that holds the account's id.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PersonalAttribute(string owner) : Attribute
{
    public string Owner { get; } = owner;
}
