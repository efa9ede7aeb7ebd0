using System.Text;

namespace Veza.Api.Configuration;

/// <summary>The table of variables as text for people.</summary>
public static class SettingsText
{
    /// <summary>Name, current value, default and meaning of each, for a terminal. Secrets are masked.</summary>
    public static string Current(IReadOnlyDictionary<string, string> variables)
    {
        var text = new StringBuilder();
        foreach (var variable in Variables.All)
        {
            var set = variables.GetValueOrDefault(variable.Name) is { Length: > 0 } value ? value : null;
            var shown =
                set is null ? Default(variable)
                : variable.Secret ? Variable.Mask
                : set;
            text.Append(
                $"{variable.Name, -28} {shown}{(set is null ? "" : $"   (set; default: {Default(variable)})")}\n"
            );
            text.Append($"{"", -28}   {variable.Meaning}; {variable.Allowed}\n");
            if (set is not null && variable.Problem(set) is { } problem)
                text.Append($"{"", -28} ! {problem}\n");
        }
        return text.ToString();
    }

    /// <summary>docs/reference/configuration.md; a test keeps that file equal to this.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder(
            """
            # Configuration

            Settings are environment variables. A wrong value stops the start with one line that names the variable, the value
            and the allowed values; all wrong ones are reported together. `./veza config` shows the current values, and
            `./veza config --markdown` made this file.

            | variable | default | meaning | allowed |
            |---|---|---|---|

            """
        );
        foreach (var v in Variables.All)
            text.Append($"| `{v.Name}` | {Default(v)} | {v.Meaning} | {v.Allowed} |\n");
        return text.ToString();
    }

    private static string Default(Variable variable) => variable.Default.Length == 0 ? "none" : variable.Default;
}
