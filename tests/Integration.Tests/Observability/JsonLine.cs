using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Veza.Api.Observability;

namespace Veza.Integration.Tests.Observability;

/// <summary>The JSON log's line for a message.</summary>
internal static class JsonLine
{
    /// <summary>The time of every event here, as a line writes it.</summary>
    public const string At = "2026-01-02T03:04:05.678Z";

    public static string Of(Action<Microsoft.Extensions.Logging.ILogger> write)
    {
        var written = new StringWriter { NewLine = "\n" };
        using var log = new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Sink(new Sink(written)).CreateLogger();
        using var loggers = new SerilogLoggerFactory(log);
        write(loggers.CreateLogger("Tests"));
        return written.ToString();
    }

    private sealed class Sink(StringWriter written) : ILogEventSink
    {
        private readonly JsonLogFormatter _formatter = new(new LogOrigin("ve'za", "1.2.3"));

        public void Emit(LogEvent logEvent) =>
            _formatter.Format(
                new(
                    DateTimeOffset.Parse(At, System.Globalization.CultureInfo.InvariantCulture),
                    logEvent.Level,
                    logEvent.Exception,
                    logEvent.MessageTemplate,
                    logEvent.Properties.Select(p => new LogEventProperty(p.Key, p.Value)),
                    logEvent.TraceId ?? default,
                    logEvent.SpanId ?? default
                ),
                written
            );
    }
}
