using System.Text;

namespace Veza.Api.Configuration;

/// <summary>
/// Reads the values of variables that are given as files: <c>JWT_SECRET_FILE</c> names the file that holds
/// <c>JWT_SECRET</c>, as secrets of containers and systemd's credentials do.
/// </summary>
public static class SettingFiles
{
    /// <summary>The largest file, in bytes; no value is nearly as long.</summary>
    public const int BytesMax = 65_536;

    public const string Suffix = "_FILE";

    /// <param name="problem">Receives a line about each file that cannot be used.</param>
    /// <returns>The variables, with the values of files.</returns>
    public static IReadOnlyDictionary<string, string> Read(
        IReadOnlyDictionary<string, string> variables,
        Action<string> problem
    )
    {
        var read = new Dictionary<string, string>(variables);
        foreach (var variable in Variables.All)
        {
            if (variables.GetValueOrDefault(variable.Name + Suffix) is not { Length: > 0 } path)
                continue;
            if (variables.GetValueOrDefault(variable.Name) is { Length: > 0 })
                problem($"{variable.Name} and {variable.Name}{Suffix} are both set; allowed is one of them");
            else if (ReadFile(variable, path, problem) is { } text)
                read[variable.Name] = text;
        }
        return read;
    }

    private static string? ReadFile(Variable variable, string path, Action<string> problem)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[BytesMax + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > BytesMax)
            {
                problem($"{variable.Name}{Suffix}={path} is larger than {BytesMax} bytes, the most that is read");
                return null;
            }
            // Editors and `echo` end a file with a line break that is no part of the value.
            var text = Encoding.UTF8.GetString(bytes, 0, length).TrimEnd('\r', '\n');
            if (text.Length == 0)
                problem($"{variable.Name}{Suffix}={path} is empty");
            return text;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            problem($"{variable.Name}{Suffix}={path} cannot be read: {fault.Message}");
            return null;
        }
    }
}
