using System.Globalization;
using System.Net;
using System.Text.Json;
using Npgsql;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Likes;
using Veza.EventStore.Appending;
using Veza.EventStore.Reading;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Http;

/// <summary>
/// Reads say which position of the log they rest on. On its own server, because a test blocks a read model.
/// </summary>
public sealed class ReadPositionsTests(VezaServer server) : IClassFixture<VezaServer>
{
    /// <summary>Changes of one count while it is read.</summary>
    private const int Changes = 50;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/api/v1/channels/{0}/messages")]
    [InlineData("/api/v1/channels/{0}/messages?around={1}")]
    [InlineData("/api/v1/messages/{1}")]
    public async Task A_messages_reactions_are_exactly_those_up_to_the_position_while_members_react(string path)
    {
        var chat = await ChatSetting.CreateAsync(server);
        var message = await chat.SendAsync(chat.Owner, "react to this");
        await chat.SendAsync(chat.Owner, "and a newer one");
        var reaction = $"/api/v1/messages/{message}/reactions/{Uri.EscapeDataString("🔥")}";
        await AssertExactAsync(
            chat.Owner,
            string.Format(CultureInfo.InvariantCulture, path, chat.Channel, message),
            (i, by) => i % 2 == 0 ? by.PutAsync(reaction) : by.DeleteAsync(reaction),
            [chat.Owner, chat.Member],
            e =>
                e switch
                {
                    ReactionAdded added when added.MessageId == message => 1,
                    ReactionRemoved removed when removed.MessageId == message => -1,
                    _ => 0,
                },
            answer =>
                (answer.TryGetProperty("items", out _) ? answer.Items().Single(m => m.Id() == message) : answer)
                    .GetProperty("reactions")
                    .EnumerateArray()
                    .Sum(r => r.GetProperty("count").GetInt32())
        );
    }

    [Fact]
    public async Task A_tracks_likes_are_exactly_those_up_to_the_position_while_listeners_like_it()
    {
        var (ana, bo) = (await server.RegisterAsync("ana"), await server.RegisterAsync("bo"));
        var track = await UploadAsync(ana);
        var like = $"/api/v1/tracks/{track}/likes/me";
        await AssertExactAsync(
            ana,
            $"/api/v1/tracks/{track}",
            (i, by) => i % 2 == 0 ? by.PutAsync(like) : by.DeleteAsync(like),
            [ana, bo],
            e =>
                e switch
                {
                    TrackLiked liked when liked.TrackId == track => 1,
                    TrackUnliked unliked when unliked.TrackId == track => -1,
                    _ => 0,
                },
            answer => answer.GetProperty("likes").GetInt32()
        );
    }

    [Fact]
    public async Task A_count_that_is_behind_says_the_position_it_is_at()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var message = await chat.SendAsync(chat.Owner, "react to this");
        await chat.Owner.GetAsync($"/api/v1/messages/{message}").JsonAsync();
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var held = await connection.BeginTransactionAsync(Ct);
        // This transaction blocks the projection of reactions until it ends.
        await using (
            var hold = new NpgsqlCommand("lock table views.chat_reaction_tally_v1 in exclusive mode", connection, held)
        )
            await hold.ExecuteNonQueryAsync(Ct);
        await chat.Owner.PutAsync($"/api/v1/messages/{message}/reactions/{Uri.EscapeDataString("🔥")}").JsonAsync();
        var reacted = chat.Owner.Position;

        var (behind, headers) = await ReadAsync(chat.Owner, $"/api/v1/messages/{message}", ("Veza-After", "0"));
        Assert.Empty(behind.GetProperty("reactions").EnumerateArray());
        Assert.InRange(headers.Position, 1, reacted - 1);
        Assert.InRange(headers.Complete, 1, headers.Position);

        await held.RollbackAsync(Ct);
        (var there, headers) = await ReadAsync(chat.Owner, $"/api/v1/messages/{message}");
        Assert.Single(there.GetProperty("reactions").EnumerateArray());
        Assert.InRange(headers.Position, reacted, server.Running.Log.Head);
    }

    [Fact]
    public async Task Every_page_that_live_items_fold_into_says_its_position_and_epoch()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var message = await chat.SendAsync(chat.Owner, "hello");
        var track = await UploadAsync(chat.Owner);
        var broadcast = await chat
            .Owner.PostAsync("/api/v1/broadcasts", new { title = "Late show" })
            .JsonAsync(HttpStatusCode.Created);
        foreach (
            var path in new[]
            {
                $"channels/{chat.Channel}/messages",
                $"messages/{message}",
                $"tracks/{track}",
                $"tracks/{track}/comments",
                $"accounts/{chat.Owner.Id}",
                $"accounts/{chat.Owner.Id}/followers",
                $"accounts/{chat.Owner.Id}/following",
                $"communities/{chat.Community}",
                $"communities/{chat.Community}/unread",
                $"communities/{chat.Community}/channels",
                $"communities/{chat.Community}/members",
                "feed",
                "broadcasts",
                $"broadcasts/{broadcast.Id()}",
            }
        )
        {
            var (_, headers) = await ReadAsync(chat.Owner, $"/api/v1/{path}");
            Assert.True(headers.Complete > 0, path);
            Assert.True(headers.Position >= headers.Complete, path);
            Assert.True(headers.Position <= server.Running.Log.Head, path);
            Assert.Equal(server.Running.Log.Epoch, headers.Epoch);
        }
    }

    [Fact]
    public async Task A_channel_without_messages_says_its_position()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var (page, headers) = await ReadAsync(chat.Owner, chat.Messages);
        Assert.Empty(page.Items());
        Assert.InRange(headers.Complete, 1, server.Running.Log.Head);
    }

    [Fact]
    public async Task A_point_in_time_answer_says_the_position_that_was_asked_for()
    {
        var chat = await ChatSetting.CreateAsync(server);
        await chat.SendAsync(chat.Owner, "hello");
        var then = chat.Owner.Position;
        await chat.SendAsync(chat.Owner, "later");
        var answer = await chat.Owner.GetAsync($"{chat.Messages}?asOf={then}");
        Assert.Equal($"{then}", answer.Headers.GetValues("Veza-Position").Single());
        Assert.False(answer.Headers.Contains("Veza-Complete"));
    }

    /// <summary>Reads until all changes are made, and compares each answer with the log up to its position.</summary>
    private async Task AssertExactAsync(
        Person reader,
        string path,
        Func<int, Person, Task<HttpResponseMessage>> change,
        Person[] writers,
        Func<object, int> effect,
        Func<JsonElement, int> count
    )
    {
        // The loop's reads do not wait, and need the thing itself to be there.
        await ReadAsync(reader, path);
        var first = server.Running.Log.Head;
        var writing = Task.WhenAll(
            writers.Select(async by =>
            {
                for (var i = 0; i < Changes; i++)
                    await change(i, by).JsonAsync();
            })
        );
        var seen = new List<(long Position, int Count)>();
        do
        {
            var (answer, headers) = await ReadAsync(reader, path, ("Veza-After", "0"));
            seen.Add((headers.Position, count(answer)));
        } while (!writing.IsCompleted);
        await writing;
        foreach (var writer in writers)
            reader.SeeWhat(writer);
        var (last, at) = await ReadAsync(reader, path);
        seen.Add((at.Position, count(last)));

        var effects = new List<(long Position, int On)>();
        await foreach (var e in server.Running.Log.Reader.ReadAllAsync(new LogQuery(0, long.MaxValue), Ct))
            if (e.Data is { } data && effect(data) is var effectOn and not 0)
                effects.Add((e.Position, effectOn));
        Assert.All(seen, s =>
            Assert.Equal((s.Position, effects.Where(e => e.Position <= s.Position).Sum(e => e.On)), s)
        );
        Assert.Equal(writers.Length * Changes, effects.Count(e => e.Position > first));
    }

    private static async Task<(JsonElement Answer, (long Position, long Complete, string Epoch) Headers)> ReadAsync(
        Person reader,
        string path,
        params (string Name, string Value)[] headers
    )
    {
        var response = await reader.GetAsync(path, headers);
        var answer = await Task.FromResult(response).JsonAsync();
        return (answer, (Number("Veza-Position"), Number("Veza-Complete"), Text("Veza-Epoch")));

        long Number(string name) => long.Parse(Text(name), CultureInfo.InvariantCulture);
        string Text(string name) => response.Headers.GetValues(name).Single();
    }

    private async Task<Guid> UploadAsync(Person owner)
    {
        var id = Guid.CreateVersion7();
        var uploaded = new TrackUploaded(
            id,
            owner.Id,
            "Ghost notes",
            "dub",
            null,
            1000,
            new string('0', 64),
            3_000,
            "flac",
            44_100,
            2
        );
        var accepted = Assert.IsType<AppendOutcome.Accepted>(
            await server.Running.Log.Appender.AppendAsync(
                new(Guid.CreateVersion7(), [new(id, "track", 0, [uploaded])], [])
            )
        );
        owner.SeeUpTo(accepted.Position);
        return id;
    }
}
