using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Templates;

namespace Veza.Api.Observability;

/// <summary>
/// One JSON object a line: time, level, message, category, trace and span id, and the message's own values by name.
/// </summary>
/// <remarks>
/// The values are in a nested object: one called `message` or `level` must not occur twice in the line. Serilog escapes
/// control characters up to U+001F only; the others and Unicode's line separators are escaped here.
/// </remarks>
public sealed class JsonLogFormatter(LogOrigin origin) : ITextFormatter
{
    private readonly ExpressionTemplate _template = new(
        $$"""
        { {
            time: ToString(UtcDateTime(@t), 'yyyy-MM-ddTHH:mm:ss.fffZ'),
            level: if @l = 'Verbose' then 'trace' else if @l = 'Debug' then 'debug'
                else if @l = 'Warning' then 'warning' else if @l = 'Error' then 'error'
                else if @l = 'Fatal' then 'critical' else 'info',
            message: @m, logger: SourceContext,
            service: {{Literal(origin.ServiceName)}}, version: {{Literal(origin.Version)}},
            traceId: @tr, spanId: @sp, values: rest(), exception: @x
        } }
        """,
        CultureInfo.InvariantCulture
    );

    public void Format(LogEvent logEvent, TextWriter output)
    {
        var line = new StringWriter(CultureInfo.InvariantCulture);
        _template.Format(logEvent, line);
        foreach (var chunk in line.GetStringBuilder().GetChunks())
        {
            foreach (var c in chunk.Span)
            {
                var escaped = char.IsControl(c) || c is '\u2028' or '\u2029';
                if (escaped)
                    output.Write(FormattableString.Invariant($"\\u{(int)c:x4}"));
                else
                    output.Write(c);
            }
        }
        output.WriteLine();
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>The service that writes the log.</summary>
public sealed record LogOrigin(string ServiceName, string Version);
