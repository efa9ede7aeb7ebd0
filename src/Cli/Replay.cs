using System.Globalization;
using System.Text.Json;

namespace Veza.Cli;

/// <summary>One replay of the log: reads it from the server and writes its lines.</summary>
internal sealed class Replay(
    OperatorClient client,
    ReplayFormat format,
    StreamWriter output,
    string? types,
    Guid? stream,
    long? limit,
    bool follow
)
{
    private long _written;

    /// <summary>Writes the events after the progress's position, up to the head or the limit, or without end.</summary>
    public async Task RunAsync(ReplayProgress progress, CancellationToken ct)
    {
        if (limit - _written <= 0)
            return;
        using var answer = await client.GetAsync(Path(progress.Position), ct);
        if (
            answer.Headers.TryGetValues("Veza-Head", out var heads)
            && long.TryParse(heads.First(), CultureInfo.InvariantCulture, out var head)
        )
            progress.Head = head;
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(ct), bufferSize: 64 << 10);
        if (_written == 0 && format.Header is { } header)
            await output.WriteLineAsync(header);
        while (true)
        {
            var next = lines.ReadLineAsync(ct);
            // Flushes before it waits, so that a reader sees each line soon. Otherwise it writes many lines together.
            if (!next.IsCompleted)
                await output.FlushAsync(ct);
            if (await next is not { } line)
                break;
            // A broken connection may leave half a line. It is not printed, and the next attempt reads it again.
            if (!TryParse(line, out var recorded))
                throw new HttpIOException(HttpRequestError.ResponseEnded, "the answer broke off within a line");
            using (recorded)
            {
                await output.WriteLineAsync(format.Line(line, recorded.RootElement));
                _written++;
                progress.Moved(recorded.RootElement.GetProperty("position").GetInt64());
            }
        }
        await output.FlushAsync(ct);
        if (follow && !(limit - _written <= 0))
            throw new HttpIOException(HttpRequestError.ResponseEnded, "the server ended the answer");
    }

    private string Path(long after) =>
        string.Create(CultureInfo.InvariantCulture, $"/api/v1/log?after={after}")
        + (types is null ? "" : $"&types={Uri.EscapeDataString(types)}")
        + (stream is null ? "" : $"&stream={stream}")
        + (limit is null ? "" : string.Create(CultureInfo.InvariantCulture, $"&limit={limit - _written}"))
        + (follow ? "&follow=true" : "");

    private static bool TryParse(string line, out JsonDocument recorded)
    {
        try
        {
            recorded = JsonDocument.Parse(line);
            return true;
        }
        catch (JsonException)
        {
            recorded = null!;
            return false;
        }
    }
}

/// <summary>The format of a replay's lines.</summary>
/// <param name="Header">The first line; null when there is none.</param>
/// <param name="Line">Formats an event from the server's line and its parsed content.</param>
internal sealed record ReplayFormat(string? Header, Func<string, JsonElement, string> Line)
{
    private static readonly string[] Columns =
    [
        "position",
        "id",
        "stream",
        "version",
        "type",
        "at",
        "by",
        "commandId",
        "data",
    ];

    public static ReplayFormat Of(string name) =>
        name switch
        {
            "csv" => new(string.Join(',', Columns), (_, e) =>
                string.Join(',', Columns.Select(c => Quoted(Text(e, c))))
            ),
            "text" => new(null, (_, e) =>
                $"{Text(e, "position"), 10}  {Text(e, "at"), -28} {Text(e, "type"), -26} "
                + $"{Text(e, "by"), -36}  {Text(e, "data")}"
            ),
            _ => new(null, (line, _) => line),
        };

    private static string Text(JsonElement e, string column) =>
        e.TryGetProperty(column, out var value) ? value.ToString() : "";

    /// <remarks>RFC 4180.</remarks>
    private static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>The progress of a replay. It is shown on standard error if that is a terminal.</summary>
internal sealed class ReplayProgress(long after) : IDisposable
{
    private static readonly TimeSpan ShowEvery = TimeSpan.FromMilliseconds(250);
    private readonly bool _shown = !Console.IsErrorRedirected;
    private readonly long _started = TimeProvider.System.GetTimestamp();
    private long _shownAt;
    private long _events;

    public long Position { get; private set; } = after;
    public long Head { get; set; }

    public void Moved(long position)
    {
        Position = position;
        _events++;
        if (_shown && TimeProvider.System.GetElapsedTime(_shownAt) >= ShowEvery)
            Show();
    }

    public void Dispose()
    {
        if (!_shown || _events == 0)
            return;
        Show();
        Console.Error.WriteLine();
    }

    private void Show()
    {
        _shownAt = TimeProvider.System.GetTimestamp();
        var rate = _events / Math.Max(0.001, TimeProvider.System.GetElapsedTime(_started).TotalSeconds);
        var share = Head > 0 ? Math.Min(100, 100.0 * Position / Head) : 100;
        Console.Error.Write(
            string.Create(
                CultureInfo.InvariantCulture,
                $"\r{_events:N0} events, at {Position:N0} of {Math.Max(Head, Position):N0} "
                    + $"({share:F0} %), {rate:N0}/s   "
            )
        );
    }
}
