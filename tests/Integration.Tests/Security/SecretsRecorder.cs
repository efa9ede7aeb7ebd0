using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Keeps every line that this process logs or traces. It is a log provider, and listens to activities.
/// </summary>
internal sealed class SecretsRecorder : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;
    public int Count => _lines.Count;

    public void Keep(string line) => _lines.Enqueue(line);

    /// <summary>Leaves out the HTTP client's side of a request, which is the test's.</summary>
    public void Keep(Activity activity)
    {
        if (
            activity.Source.Name.StartsWith("System.Net", StringComparison.Ordinal)
            || activity.OperationName.StartsWith("System.Net", StringComparison.Ordinal)
        )
            return;
        var tags = activity
            .TagObjects.Concat(activity.Events.SelectMany(e => e.Tags))
            .Select(t => $"{t.Key}={t.Value}")
            .Concat(activity.Baggage.Select(b => $"{b.Key}={b.Value}"));
        Keep(
            $"activity {activity.Source.Name} {activity.OperationName} {activity.DisplayName} "
                + $"{activity.StatusDescription} {string.Join(' ', tags)}"
        );
    }

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Keep($"scope {Values(state)}");
        return null;
    }

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => Keep($"log {logLevel} {formatter(state, exception)} {Values(state)} {exception}");

    private static string Values(object? state) =>
        state is IEnumerable<KeyValuePair<string, object?>> pairs
            ? string.Join(' ', pairs.Select(p => $"{p.Key}={p.Value}"))
            : $"{state}";

    public void Dispose() { }
}
