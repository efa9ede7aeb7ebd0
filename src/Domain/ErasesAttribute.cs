namespace Veza.Domain;

/// <summary>Marks the event that erases an account.</summary>
/// <param name="account">The property that holds the account's id.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ErasesAttribute(string account) : Attribute
{
    public string Account { get; } = account;
}
