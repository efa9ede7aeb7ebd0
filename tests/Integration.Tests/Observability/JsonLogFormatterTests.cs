using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;

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
        Assert.Equal(JsonLine.At, json.GetProperty("time").GetString());
    }

    [Fact]
    public void Outside_of_a_trace_there_is_no_trace_id() =>
        Assert.False(
            JsonDocument.Parse(Line("Started {What}", "it", null)).RootElement.TryGetProperty("traceId", out _)
        );

    [Fact]
    public void Levels_have_the_names_that_text_has()
    {
        var levels = Enum.GetValues<LogLevel>().Where(level => level != LogLevel.None);
        Assert.Equal(
            ["trace", "debug", "info", "warning", "error", "critical"],
            levels.Select(level => Parsed(JsonLine.Of(log => log.Log(level, "it"))).GetProperty("level").GetString())
        );
    }

    [Fact]
    public void A_value_called_like_a_field_of_the_line_stands_apart_from_it()
    {
        var line = Parsed(Line("{message} {level} {service}", "m", "l", "s"));
        Assert.Equal(("m l s", "info", "ve'za"), (Text(line, "message"), Text(line, "level"), Text(line, "service")));
        var values = line.GetProperty("values");
        Assert.Equal(("m", "l", "s"), (Text(values, "message"), Text(values, "level"), Text(values, "service")));

        static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();
    }

    private static JsonElement Parsed(string line) => JsonDocument.Parse(line).RootElement;

    private static string Line(string template, params object?[] values) =>
        JsonLine.Of(log => log.LogInformation(template, values));
}
