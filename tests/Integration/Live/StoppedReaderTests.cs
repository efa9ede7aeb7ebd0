using System.Diagnostics.Metrics;
using Veza.Integration.Tests.Chat;
using Veza.Realtime;

namespace Veza.Integration.Tests.Live;

public sealed class StoppedReaderTests(VezaServer server)
{
    /// <summary>More than the kernel keeps for one socket, with what the server itself writes ahead.</summary>
    private const int Messages = 1200;

    [Fact(Timeout = 120_000)]
    public async Task Who_stops_reading_is_disconnected_after_the_limit_and_counted()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("VEZA_FAULTS") == "1", $"it waits {new LiveLimits().StoppedReadingMax.TotalSeconds} s for the limit");
        var chat = await ChatSetting.CreateAsync(server);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var closed = new MeterListener { InstrumentPublished = (instrument, listener) => { if (instrument.Name == "veza.live.closed") listener.EnableMeasurementEvents(instrument); } };
        closed.SetMeasurementEventCallback<long>((_, _, tags, _) => { if (tags[0].Value is "stopped_reading") stopped.TrySetResult(); });
        closed.Start();

        using var silent = await WebSocketPeer.OpenAsync(server.Address, chat.Member.AccessToken!, receiveBytes: 4096);
        await silent.SendTextAsync("""{"protocol":"json","version":1}""" + '\u001e' + $$"""{"type":4,"invocationId":"1","target":"Subscribe","arguments":[["channel:{{chat.Channel}}"],null]}""" + '\u001e');
        await silent.ReadUntilAsync("\"kind\":\"batch\"");
        await Parallel.ForEachAsync(Enumerable.Range(0, Messages), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (_, _) => await chat.SendAsync(chat.Owner, new string('x', 8000)));
        await stopped.Task.WaitAsync(TestContext.Current.CancellationToken);
        // What lay in the buffers can still be read; then it is over.
        Assert.NotEqual("still open", await silent.EndAsync(TimeSpan.FromSeconds(30)));
    }
}
