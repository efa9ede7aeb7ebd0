using System.Collections;

namespace Veza.Api.Configuration;

/// <summary>
/// The variables of a process, and what the files and the secret of Vault that they name add. Read once.
/// </summary>
public sealed class SettingSources
{
    private readonly IReadOnlyDictionary<string, string> _variables;
    private readonly IReadOnlyDictionary<string, string> _withFiles;
    private readonly List<string> _problems = [];

    /// <param name="variables">
    /// An empty value counts as not set, because compose files and shells write "not set" like that.
    /// </param>
    public SettingSources(IReadOnlyDictionary<string, string> variables)
    {
        _variables = variables;
        _withFiles = SettingFiles.Read(variables, _problems.Add);
        Values = VaultSecrets.Read(_withFiles, _problems.Add);
    }

    public static SettingSources OfProcess() =>
        new(
            Environment
                .GetEnvironmentVariables()
                .Cast<DictionaryEntry>()
                .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "")
        );

    public IReadOnlyDictionary<string, string> Values { get; }

    /// <summary>A line about each file, and about Vault, that cannot be used.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Where a value comes from, for people.</summary>
    /// <param name="name">Of a variable that has a value.</param>
    public string From(string name)
    {
        if (_variables.GetValueOrDefault(name) is { Length: > 0 })
            return "set";
        return _withFiles.ContainsKey(name) ? $"from {name}{SettingFiles.Suffix}" : "from Vault";
    }
}
