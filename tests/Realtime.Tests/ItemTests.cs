using System.Text;
using System.Text.Json;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.Fixtures;
using Veza.Projections.Topics;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

public class ItemTests(TestLog log)
{
    [Fact]
    public async Task An_item_is_serialised_once_for_all_receivers()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var one = await live.SubscribeAsync([live.Channel]);
        await using var two = await live.SubscribeAsync(["log"], caller: live.Analyst);
        await one.NextAsync();
        await two.NextAsync();
        var position = await live.SayAsync("hello");
        await one.ReadToAsync(position);
        await two.ReadToAsync(position);
        Assert.Same(
            one.Items.Single(i => i.Position == position).Json,
            two.Items.Single(i => i.Position == position).Json
        );
    }

    [Fact]
    public async Task An_item_says_what_happened_when_and_by_whom()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        var position = await live.SayAsync("héllo \"you\" 🔥\n");
        await reader.ReadToAsync(position);
        var item = LiveReader.Json(reader.Items.Single());
        Assert.Equal(position, item.GetProperty("position").GetInt64());
        Assert.Equal("messageSent", item.GetProperty("type").GetString());
        Assert.Equal([live.Channel], item.GetProperty("topics").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(live.Member, item.GetProperty("by").GetGuid());
        Assert.Equal(DateTimeKind.Utc, item.GetProperty("at").GetDateTime().Kind);
        Assert.StartsWith(
            "héllo \"you\" 🔥",
            item.GetProperty("data").GetProperty("text").GetString(),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain((byte)'\n', reader.Items.Single().Json);
    }

    private sealed class BrokenTopics : EventTopics
    {
        public BrokenTopics() => On<MessageSent>(_ => throw new InvalidOperationException("no topics"));
    }

    private static readonly ItemShape BrokenShape = ItemShape.Of<MessageSent>(_ =>
        throw new InvalidOperationException("no item")
    );

    [Fact]
    public async Task An_event_that_cannot_be_shown_does_not_stop_what_is_live()
    {
        // The tail keeps an event with the item of the first engine that saw it. This engine must be the first, so the
        // test has its own log.
        await using var own = new TestLog();
        await own.InitializeAsync();
        await using var live = await new LiveSetting(
            own,
            map: new([new BrokenTopics()]),
            shapes: new([BrokenShape])
        ).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync(["log"], caller: live.Analyst);
        await reader.NextAsync();
        await live.SayAsync("one");
        var last = await live.SayAsync("two");
        await reader.ReadToAsync(last);
        Assert.Equal("{}", LiveReader.Json(reader.Items[^1]).GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task Secrets_never_leave_the_log()
    {
        await using var live = new LiveSetting(log);
        var after = log.Log.Head;
        // Other tests append at the same time.
        var account = Guid.CreateVersion7();
        var last = await live.AppendAsync(
            new AccountRegistered(account, "ada", "ada@example.org", "hash-of-password"),
            new SessionStarted(Guid.CreateVersion7(), account, "hash-of-token", log.Now)
        );
        await using var reader = await live.SubscribeAsync(["log"], after, live.Analyst);
        await reader.ReadToAsync(last);
        var events = await log
            .Log.Reader.ReadAllAsync(new(after, last), TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
        var lines = events
            .Select(Line)
            .Concat(reader.Items.Select(i => Encoding.UTF8.GetString(i.Json)))
            .Where(line => line.Contains(account.ToString(), StringComparison.Ordinal))
            .ToList();
        Assert.Equal(4, lines.Count);
        Assert.All(lines, line => Assert.DoesNotContain("hash", line, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(
            "ada",
            JsonDocument.Parse(lines[0]).RootElement.GetProperty("data").GetProperty("userName").GetString()
        );
        Assert.Equal(
            account,
            JsonDocument.Parse(lines[3]).RootElement.GetProperty("data").GetProperty("accountId").GetGuid()
        );

        string Line(RecordedEvent e)
        {
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream))
                live.Engine.Json.WriteRecord(json, e);
            return Encoding.UTF8.GetString(stream.ToArray());
        }
    }

    [Fact]
    public void Every_secret_there_is_is_left_out()
    {
        var secrets = typeof(DomainEvent)
            .Assembly.GetTypes()
            .SelectMany(t =>
                t.GetProperties()
                    .Where(p => p.IsDefined(typeof(SecretAttribute), inherit: false))
                    .Select(p => (Type: t, p.Name))
            )
            .ToList();
        Assert.NotEmpty(secrets);
        var writer = new EventJson(TestLog.EventTypes);
        foreach (var (type, name) in secrets)
        {
            var data = System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type);
            var recorded = new RecordedEvent(
                1,
                Guid.Empty,
                Guid.Empty,
                1,
                TestLog.EventTypes.Describe(type).Alias,
                default,
                Guid.Empty,
                null,
                TestLog.EventTypes.Write(data),
                TestLog.EventTypes
            );
            var written = JsonDocument.Parse(writer.Data(recorded)).RootElement;
            Assert.False(written.TryGetProperty(JsonNamingPolicy.CamelCase.ConvertName(name), out _));
        }
    }

    [Fact]
    public async Task Watchers_of_a_track_do_not_learn_who_played_it()
    {
        await using var live = new LiveSetting(log);
        var track = Guid.CreateVersion7();
        var played = new PlayCounted(
            Guid.CreateVersion7(),
            track,
            Guid.CreateVersion7(),
            live.Member,
            live.Session,
            "ambient",
            30_000
        );
        await using var watching = await live.SubscribeAsync(
            [$"track:{track}", "chart:top"],
            caller: new(Guid.CreateVersion7(), null, false)
        );
        await using var listener = await live.SubscribeAsync([live.Account]);
        await watching.NextAsync();
        await listener.NextAsync();
        var position = await live.AppendAsync(played);
        await watching.ReadToAsync(position);
        await listener.ReadToAsync(position);
        // Plays of other tests' tracks are on the chart's topic too.
        var text = Assert.Single(watching.Items.Select(item => Encoding.UTF8.GetString(item.Json)), json =>
            json.Contains(track.ToString(), StringComparison.Ordinal)
        );
        Assert.DoesNotContain(live.Member.ToString(), text, StringComparison.Ordinal);
        Assert.DoesNotContain(live.Session.ToString(), text, StringComparison.Ordinal);
        Assert.Equal(
            played.PlayId,
            LiveReader.Json(Assert.Single(listener.Items)).GetProperty("data").GetProperty("playId").GetGuid()
        );
    }

    private sealed record Renamed(Guid Id, string NewName)
    {
        public static System.Text.Json.Nodes.JsonObject FromV1(System.Text.Json.Nodes.JsonObject old) =>
            new() { ["id"] = old["id"]!.DeepClone(), ["newName"] = old["name"]!.GetValue<string>() };
    }

    [Theory]
    [InlineData(
        "renamed",
        """{"id":"01a1fb51-ec85-79ac-9db7-000000000001","name":"a"}""",
        "renamed",
        """{"id":"01a1fb51-ec85-79ac-9db7-000000000001","newName":"a"}"""
    )]
    [InlineData(
        "renamed_v2",
        """{"id": "01a1fb51-ec85-79ac-9db7-000000000001", "newName": "a"}""",
        "renamed",
        """{"id": "01a1fb51-ec85-79ac-9db7-000000000001", "newName": "a"}"""
    )]
    [InlineData("renamed", """{"id":"01a1fb51-ec85-79ac-9db7-000000000001","name":7}""", "renamed", "{}")]
    [InlineData("renamed_v3", """{"id":"01a1fb51-ec85-79ac-9db7-000000000001"}""", "renamed", "{}")]
    [InlineData("removed_v3", """{"id":"01a1fb51-ec85-79ac-9db7-000000000001"}""", "removed_v3", "{}")]
    public void An_event_of_any_schema_version_is_shown_under_one_name_in_the_current_shape(
        string alias,
        string stored,
        string name,
        string shown
    )
    {
        var types = new EventTypes([typeof(Renamed)]);
        var recorded = new RecordedEvent(
            1,
            Guid.Empty,
            Guid.Empty,
            1,
            alias,
            default,
            Guid.Empty,
            null,
            Encoding.UTF8.GetBytes(stored),
            types
        );
        var writer = new EventJson(types);
        Assert.Equal(shown, Encoding.UTF8.GetString(writer.Data(recorded).Span));
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
            writer.WriteRecord(json, recorded);
        Assert.Equal(name, JsonDocument.Parse(line.ToArray()).RootElement.GetProperty("type").GetString());
        Assert.Equal(types.NameOf(alias) == "renamed" ? "renamed" : "removedV3", writer.CamelCase(alias).Value);
    }

    [Fact]
    public async Task An_event_of_a_type_unknown_here_shows_nothing_of_itself()
    {
        var unknown = new RecordedEvent(
            1,
            Guid.Empty,
            Guid.Empty,
            1,
            "key_rotated",
            default,
            Guid.Empty,
            null,
            "{\"key\":\"k\"}"u8.ToArray(),
            TestLog.EventTypes
        );
        Assert.Equal("{}"u8.ToArray(), new EventJson(TestLog.EventTypes).Data(unknown).ToArray());
        await Task.CompletedTask;
    }

    [Fact]
    public async Task SignalR_is_handed_items_as_they_are()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        var after = log.Log.Head;
        await live.SayAsync("raw");
        await using var reader = await live.SubscribeAsync([live.Channel], after);
        object message = Assert.IsType<LiveMessage.Batch>(await reader.NextAsync());
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            Converters = { new LiveMessageConverter() },
        };
        var text = JsonSerializer.Serialize(message, message.GetType(), options);
        Assert.StartsWith(
            $"{{\"kind\":\"batch\",\"epoch\":\"{log.Log.Epoch}\",\"previous\":{after},"
                + $"\"position\":{reader.Position},\"items\":[{{",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(Encoding.UTF8.GetString(reader.Items.Single().Json), text, StringComparison.Ordinal);
    }
}
