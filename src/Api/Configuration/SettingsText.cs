using System.Text;

namespace Veza.Api.Configuration;

/// <summary>The table of variables as text for people.</summary>
public static class SettingsText
{
    /// <summary>Name, current value, default and meaning of each, for a terminal. Secrets are masked.</summary>
    public static string Current(SettingSources sources)
    {
        var text = new StringBuilder();
        foreach (var variable in Variables.All)
        {
            var set = sources.Values.GetValueOrDefault(variable.Name) is { Length: > 0 } value ? value : null;
            var shown = Default(variable);
            if (set is not null)
                shown =
                    $"{(variable.Secret ? Variable.Mask : set)}   ({sources.From(variable.Name)}; default: {shown})";
            text.Append($"{variable.Name, -28} {shown}\n");
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

            Settings are environment variables. A wrong value stops the start with one line that names the variable,
            its value and the allowed values; all wrong ones are reported together. `./veza config` shows the current
            values and where each comes from, and `./veza config --markdown` writes this file.

            Any of them can be given as a file: `JWT_SECRET_FILE=/run/secrets/jwt` gives `JWT_SECRET` the file's text,
            64 KiB at most and without a line break at its end. Secret ones can also be in
            [Vault](../operations/secrets.md).

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
