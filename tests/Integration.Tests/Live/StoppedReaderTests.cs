using System.Diagnostics.Metrics;
using System.Text.Json;
using Veza.Integration.Tests.Chat;
using Veza.Realtime.Engine;

namespace Veza.Integration.Tests.Live;

public sealed class StoppedReaderTests(VezaServer server)
{
    /// <summary>More than the kernel buffers for one socket.</summary>
    private const int Messages = 1200;

    private const string Item = """{"type":2,""";

    private static readonly string Long = new('x', 8000);

    [Fact(Timeout = 120_000)]
    public async Task A_client_that_stops_reading_is_disconnected_after_the_limit_and_counted()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("VEZA_FAULTS") == "1",
            $"it waits {new RealtimeLimits().StoppedReadingMax.TotalSeconds} s for the limit"
        );
        var chat = await ChatSetting.CreateAsync(server);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var closed = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "veza.live.closed")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        closed.SetMeasurementEventCallback<long>(
            (_, _, tags, _) =>
            {
                if (tags[0].Value is "stopped_reading")
                    stopped.TrySetResult();
            }
        );
        closed.Start();

        using var silent = await SubscribeAsync(chat);
        await FloodAsync(chat);
        await stopped.Task.WaitAsync(TestContext.Current.CancellationToken);
        // The client can still read the buffered bytes; then the stream ends.
        Assert.NotEqual("still open", await silent.EndAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_late_reader_gets_every_item_once_and_in_order()
    {
        var chat = await ChatSetting.CreateAsync(server);
        using var late = await SubscribeAsync(chat);
        await FloodAsync(chat);
        await chat.SendAsync(chat.Owner, "the last");
        var all = await late.ReadUntilAsync("the last").WaitAsync(TestContext.Current.CancellationToken);
        var batches = all.Split('\u001e')
            // A message is preceded by its frame's length, whose bytes may equal the separator.
            .Where(text => text.Contains(Item, StringComparison.Ordinal))
            .Select(text =>
                JsonDocument.Parse(text[text.IndexOf(Item, StringComparison.Ordinal)..]).RootElement.GetProperty("item")
            )
            .ToList();
        Assert.Equal(
            batches.Skip(1).Select(b => b.GetProperty("previous").GetInt64()),
            batches.SkipLast(1).Select(b => b.GetProperty("position").GetInt64())
        );
        var texts = batches
            .SelectMany(b => b.GetProperty("items").EnumerateArray())
            .Select(item => item.GetProperty("data").GetProperty("text").GetString())
            .ToList();
        Assert.Equal("the last", texts[^1]);
        // Many of the writes were partial, and none may be lost.
        Assert.Equal(Enumerable.Repeat(Long, Messages), texts.SkipLast(1));
    }

    private async Task<WebSocketPeer> SubscribeAsync(ChatSetting chat)
    {
        var peer = await WebSocketPeer.OpenAsync(server.Address, chat.Member.AccessToken!, receiveBytes: 4096);
        await peer.SendTextAsync(WebSocketPeer.Handshake + WebSocketPeer.Subscribe(chat.Channel));
        await peer.ReadUntilAsync("\"kind\":\"batch\"");
        return peer;
    }

    private static Task FloodAsync(ChatSetting chat) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, Messages),
            new ParallelOptions { MaxDegreeOfParallelism = 32 },
            async (_, _) => await chat.SendAsync(chat.Owner, Long)
        );
}
