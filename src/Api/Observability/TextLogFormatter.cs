using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Veza.Api.Observability;

/// <summary>One line a message, for people at a terminal: time, level, category, message, exception.</summary>
/// <remarks>
/// The framework's own formatter lets carriage returns and terminal commands through, which may come from the author of
/// a logged text.
/// </remarks>
public sealed class TextLogFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "veza-text";

    public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes, TextWriter output)
    {
        var at = time.GetUtcNow().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        output.WriteLine(
            OneLine(
                    $"{at} {Level(entry.LogLevel)}: {entry.Category}[{entry.EventId.Id}] {entry.Formatter(entry.State, entry.Exception)} {entry.Exception}"
                )
                .TrimEnd()
        );
    }

    private static string OneLine(string text) =>
        string.Concat(
            text.Select(c =>
                c switch
                {
                    '\n' => " ",
                    '\u2028' or '\u2029' => Escaped(c),
                    _ => char.IsControl(c) ? Escaped(c) : c.ToString(),
                }
            )
        );

    private static string Escaped(char c) => $"\\u{(int)c:x4}";

    private static string Level(LogLevel level) =>
        level switch
        {
            LogLevel.Trace => "trce",
            LogLevel.Debug => "dbug",
            LogLevel.Warning => "warn",
            LogLevel.Error => "fail",
            LogLevel.Critical => "crit",
            _ => "info",
        };
}
