namespace Veza.Domain;

/// <summary>
/// A text that somebody wrote or that says who they are: sealed in the log with the account's own key, and read as ""
/// when that is destroyed.
/// </summary>
/// <param name="owner">The property beside it that holds the account whose it is.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PersonalAttribute(string owner) : Attribute
{
    public string Owner { get; } = owner;
}

/// <summary>The event that erases an account.</summary>
/// <param name="account">The property that says which.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ErasesAttribute(string account) : Attribute
{
    public string Account { get; } = account;
}
