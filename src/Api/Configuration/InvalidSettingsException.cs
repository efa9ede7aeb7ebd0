namespace Veza.Api.Configuration;

/// <summary>
/// The process must not start: each problem is one line that names the variable, its value and what is allowed.
/// </summary>
public sealed class InvalidSettingsException(IReadOnlyList<string> problems) : Exception(string.Join('\n', problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
