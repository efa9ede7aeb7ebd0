using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api.Observability;

namespace Veza.Integration.Tests.Observability;

public sealed class JsonLogFormatterTests
{
    [Fact]
    public void A_line_is_one_json_object_with_trace_span_and_values()
    {
        using var activity = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();

        var line = Line("Appended\n{Count} events at {Position}", 3, 48_211L);

        Assert.Equal('\n', line[^1]);
        Assert.DoesNotContain('\n', line[..^1]);
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal("info", json.GetProperty("level").GetString());
        Assert.Equal("Appended\n3 events at 48211", json.GetProperty("message").GetString());
        Assert.Equal(48_211, json.GetProperty("values").GetProperty("Position").GetInt64());
        Assert.Equal(activity.TraceId.ToHexString(), json.GetProperty("traceId").GetString());
        Assert.Equal(activity.SpanId.ToHexString(), json.GetProperty("spanId").GetString());
        Assert.Equal("2026-01-02T03:04:05.678Z", json.GetProperty("time").GetString());
    }

    [Fact]
    public void Outside_of_a_trace_there_is_no_trace_id() =>
        Assert.False(JsonDocument.Parse(Line("Started {What}", "it", null)).RootElement.TryGetProperty("traceId", out _));

    private static string Line(string template, params object?[] values)
    {
        var written = new StringWriter { NewLine = "\n" };
        new Logger(new JsonLogFormatter(new FixedTime(), new LogOrigin("veza", "1.2.3")), written).Log(LogLevel.Information, template, values);
        return written.ToString();
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    }

    private sealed class Logger(JsonLogFormatter formatter, TextWriter written) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel level) => true;
        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> text) =>
            formatter.Write(new LogEntry<TState>(level, "Tests", id, state, exception, text), null, written);
    }
}
