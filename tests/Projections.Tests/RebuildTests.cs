using System.Data;
using System.Globalization;
using Npgsql;
using Veza.Commands.Accounts;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Reading;
using Veza.Commands.Social.Likes;
using Veza.Domain.Chat.Reading;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests;

/// <summary>For every projection of the product, a fold of the whole log yields the rows in its live table.</summary>
public class RebuildTests(TestLog log)
{
    /// <summary>The projections that the history of this test fills; others may be empty.</summary>
    private static readonly HashSet<string> Filled =
    [
        "chat.communities.v1",
        "chat.channels.v2",
        "chat.members.v1",
        "chat.messages.v1",
        "chat.reaction_tally.v1",
        "chat.reactions.v1",
        "chat.read_markers.v1",
        "chat.sanctions.v1",
        "social.follows.v1",
        "social.likes.v1",
        "social.activities.v2",
        "music.tracks.v2",
        "music.track_counts.v1",
        "music.history.v1",
        "music.plays_hourly.v2",
        "music.play_totals.v2",
        "counts.events.v1",
        "live.broadcasts.v1",
        "accounts.profiles.v1",
        "accounts.counts.v1",
        "accounts.sessions.v1",
        "accounts.security_events.v3",
    ];

    public static TheoryData<string> Projections() =>
        [.. TestLog.AllProjections().Select(p => p.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Projections))]
    public async Task Rebuilt_equals_live(string name)
    {
        await log.Given(History()).PlayAsync();
        await log.ProjectedAsync();
        var projection = TestLog.AllProjections().Single(p => p.Name == name);
        var comparison = typeof(RebuildTests)
            .GetMethod(
                nameof(CompareAsync),
                System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance
            )!
            .MakeGenericMethod(projection.GetType().BaseType!.GetGenericArguments());
        var rows = await (Task<int>)comparison.Invoke(this, [projection])!;
        if (Filled.Contains(name))
            Assert.True(rows > 0, $"{name} has no rows, so comparing them shows nothing");
    }

    private async Task<int> CompareAsync<TRow, TKey>(Projection<TRow, TKey> projection)
        where TRow : class
        where TKey : notnull
    {
        var (position, live) = await ReadAsync<TRow>(projection.Name);
        var rebuilt = new Dictionary<TKey, TRow>();
        for (long at = 0; at < position; )
        {
            var events = await log.Log.Reader.ReadAsync(at, position, 1000, null, null, CancellationToken.None);
            foreach (var e in events)
                projection.Fold(rebuilt, e);
            at = events[^1].Position;
        }
        var missing = rebuilt.Values.Except(live).ToList();
        var surplus = live.Except(rebuilt.Values).ToList();
        Assert.True(
            missing.Count == 0 && surplus.Count == 0,
            $"{projection.Name} at {position}: {missing.Count} rebuilt rows are not in the table, such as "
                + $"{missing.FirstOrDefault()}; {surplus.Count} rows of the table were not rebuilt, such as "
                + $"{surplus.FirstOrDefault()}"
        );
        Assert.Equal(rebuilt.Count, live.Count);
        return live.Count;
    }

    /// <summary>The rows and the position they are at, in one snapshot: other tests go on writing meanwhile.</summary>
    private async Task<(long Position, List<TRow> Rows)> ReadAsync<TRow>(string projection)
    {
        await using var connection = await log.Log.Database.OpenConnectionAsync();
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        await using var checkpoint = new NpgsqlCommand(
            "select last_seq_id from log.mt_event_progression where name = $1",
            connection,
            snapshot
        );
        checkpoint.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        var position = (long)(await checkpoint.ExecuteScalarAsync())!;
        var constructor = typeof(TRow).GetConstructors().MaxBy(c => c.GetParameters().Length)!;
        var parameters = constructor.GetParameters();
        await using var select = new NpgsqlCommand(
            $"select {string.Join(", ", parameters.Select(p => EventTypes.SnakeCase(p.Name!)))} "
                + $"from views.{projection.Replace('.', '_')}",
            connection,
            snapshot
        );
        var rows = new List<TRow>();
        await using var reader = await select.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            rows.Add((TRow)constructor.Invoke([.. parameters.Select((p, i) => Value(reader, i, p.ParameterType))]));
        return (position, rows);
    }

    private static object? Value(NpgsqlDataReader reader, int column, Type type)
    {
        if (reader.IsDBNull(column))
            return null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
            return Enum.Parse(type, reader.GetString(column));
        return type == typeof(DateTimeOffset)
            ? reader.GetFieldValue<DateTimeOffset>(column)
            : Convert.ChangeType(reader.GetValue(column), type, CultureInfo.InvariantCulture);
    }

    /// <summary>A little of everything: things are created, changed, removed and created again.</summary>
    internal static object[] History()
    {
        var social = new SocialSetting();
        var (ada, phone, desk) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var (community, general, message, gone, track, show) = (
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );
        return
        [
            .. social.Given(
                social.Uploads(social.Bo, track),
                Unfollows(social.Ana, social.Bo),
                Follows(social.Ana, social.Bo),
                Follows(social.Dora, social.Bo),
                Unfollows(social.Dora, social.Bo),
                Reposts(social.Cleo, track),
                TakesBack(social.Cleo, track),
                Reposts(social.Dora, track),
                new LikeTrack(track, social.Ana),
                new LikeTrack(track, social.Cleo),
                new UnlikeTrack(track, social.Cleo),
                Announces(social.Bo, show, "Late show"),
                Starts(social.Bo, show)
            ),
            .. Hears(social.Ana, track, social.Session),
            .. Hears(social.Ana, track, social.Session),
            .. Hears(social.Cleo, track, Guid.CreateVersion7()),
            new RegisterAccount(ada, ada.ToString("N"), $"{ada:N}@example.org", "hash", new(phone, "1", "phone")),
            new RefreshSession(phone, "1", "2"),
            new StartSession(desk, ada, "1", "desk"),
            new EndSession(desk, Veza.Domain.Accounts.Session.SignedOut),
            new CreateCommunity(community, general, social.Bo, "Vinyl diggers"),
            new JoinCommunity(community, social.Ana),
            new JoinCommunity(community, social.Cleo),
            new LeaveCommunity(community, social.Cleo),
            new SendMessage(message, general, social.Ana, "hello", null),
            new SendMessage(gone, general, social.Ana, "oops", message),
            new MarkChannelRead(general, social.Ana, 7),
            ReadMarker.MoveEvery,
            new MarkChannelRead(general, social.Ana, 9),
            new ReactToMessage(message, social.Bo, "🔥"),
            new ReactToMessage(message, social.Ana, "🔥"),
            new RemoveReaction(message, social.Bo, "🔥"),
            new ReactToMessage(gone, social.Bo, "👍"),
            new EditMessage(message, social.Ana, "hello there"),
            new DeleteMessage(gone, social.Ana),
            new BanMember(community, social.Ana, social.Bo, "spam"),
            new UnbanMember(community, social.Ana, social.Bo),
            new BanMember(community, social.Dora, social.Bo, null),
        ];
    }
}
