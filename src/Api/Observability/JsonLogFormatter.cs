using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Veza.Api.Observability;

/// <summary>One JSON object a line: time, level, message, where from, trace and span id, and the message's own values by name.</summary>
public sealed class JsonLogFormatter(TimeProvider time, LogOrigin origin) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "veza-json";

    private static readonly JsonWriterOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes, TextWriter output)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", Level(entry.LogLevel));
            json.WriteString("message", entry.Formatter(entry.State, entry.Exception));
            json.WriteString("logger", entry.Category);
            json.WriteString("service", origin.ServiceName);
            json.WriteString("version", origin.Version);
            if (Activity.Current is { } activity)
            {
                json.WriteString("traceId", activity.TraceId.ToHexString());
                json.WriteString("spanId", activity.SpanId.ToHexString());
            }
            WriteValues(json, entry.State, scopes);
            if (entry.Exception is not null) json.WriteString("exception", entry.Exception.ToString());
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    /// <remarks>In an object of their own: a value called `message` or `level` must not stand twice in the line.</remarks>
    private static void WriteValues<TState>(Utf8JsonWriter json, TState state, IExternalScopeProvider? scopes)
    {
        var values = new SortedDictionary<string, object?>(StringComparer.Ordinal);
        // Outer scopes first, so that the nearest says the last word.
        scopes?.ForEachScope((scope, all) => Add(all, scope), values);
        Add(values, state);
        if (values.Count == 0) return;

        json.WriteStartObject("values");
        foreach (var (name, value) in values) WriteValue(json, name, value);
        json.WriteEndObject();
    }

    private static void Add(SortedDictionary<string, object?> values, object? from)
    {
        if (from is not IEnumerable<KeyValuePair<string, object?>> pairs) return;
        foreach (var (name, value) in pairs)
            // The template is the message again; trace and span stand outside already.
            if (name is not ("{OriginalFormat}" or "TraceId" or "SpanId" or "ParentId")) values[name] = value;
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null: json.WriteNull(name); break;
            case bool flag: json.WriteBoolean(name, flag); break;
            case int number: json.WriteNumber(name, number); break;
            case long number: json.WriteNumber(name, number); break;
            case double number when double.IsFinite(number): json.WriteNumber(name, number); break;
            default: json.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture)); break;
        }
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        LogLevel.Critical => "critical",
        _ => "info",
    };
}

/// <summary>Which service writes the log.</summary>
public sealed record LogOrigin(string ServiceName, string Version);
