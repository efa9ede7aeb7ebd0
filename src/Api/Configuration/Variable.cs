namespace Veza.Api.Configuration;

/// <summary>One environment variable: the source of its parsing, of `veza config` and of the documentation.</summary>
/// <param name="Default">As a person would write it; empty when there is none.</param>
/// <param name="Allowed">The allowed values; completes the sentence "allowed is …".</param>
/// <param name="Secret">The value is never shown.</param>
public abstract record Variable(string Name, string Default, string Meaning, string Allowed, bool Secret = false)
{
    /// <summary>Null when the text is allowed; otherwise a line that explains the problem.</summary>
    public abstract string? Problem(string text);

    protected string Wrong(string text) => $"{Name}={(Secret ? Mask : text)} is not allowed; allowed is {Allowed}";

    public const string Mask = "********";
}

/// <param name="Read">Returns the value of an allowed text, else null.</param>
public sealed record Variable<T>(
    string Name,
    string Default,
    string Meaning,
    string Allowed,
    Func<string, T?> Read,
    bool Secret = false
) : Variable(Name, Default, Meaning, Allowed, Secret)
    where T : class
{
    public override string? Problem(string text) => Read(text) is null ? Wrong(text) : null;
}

/// <summary>
/// A variable of a later release. Only its default may be set: an operator who sets another value would rely on a
/// feature that does not exist yet.
/// </summary>
public sealed record UnsupportedVariable(string Name, string Default, string Meaning, bool Secret = false)
    : Variable(Name, Default, $"not supported yet: {Meaning}", Default.Length == 0 ? "nothing" : Default, Secret)
{
    public override string? Problem(string text) =>
        string.Equals(text.Trim(), Default, StringComparison.OrdinalIgnoreCase)
            ? null
            : $"{Name}={(Secret ? Mask : text)} is not supported yet; allowed is {Allowed}";
}

/// <summary>Wraps a value type, because <see cref="Variable{T}"/> takes only classes.</summary>
public sealed record Value<T>(T Is)
    where T : struct;
