namespace Veza.Api.Configuration;

/// <summary>
/// The process must not start. Each problem is one line that names the variable, its value and the allowed values.
/// </summary>
public sealed class InvalidSettingsException(IReadOnlyList<string> problems) : Exception(string.Join('\n', problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
