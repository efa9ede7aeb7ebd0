using System.Text.Json;
using Veza.Api.Http;
using Veza.EventStore.Events;
using Veza.Realtime;

namespace Veza.Api.Replay;

/// <summary>Writes events as lines of JSON, at the speed of the reader.</summary>
internal sealed class RecordLines(LongAnswer answer, EventJson events) : IDisposable
{
    private readonly Utf8JsonWriter _json = new(answer.Body);

    /// <exception cref="OperationCanceledException">The answer is over.</exception>
    public async Task WriteAsync(List<RecordedEvent> page)
    {
        foreach (var e in page)
        {
            events.WriteRecord(_json, e);
            _json.Flush();
            _json.Reset();
            answer.Body.GetSpan(1)[0] = (byte)'\n';
            answer.Body.Advance(1);
            if (answer.Body.UnflushedBytes >= LongAnswer.FlushBytes)
                await answer.FlushAsync();
        }
        await answer.FlushAsync();
    }

    public void Dispose() => _json.Dispose();
}
