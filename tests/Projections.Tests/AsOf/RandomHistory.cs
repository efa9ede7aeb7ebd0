using Veza.Commands.Chat.Channels;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Roles;
using Veza.Commands.Live.Broadcasts;
using Veza.Commands.Music.Tracks;
using Veza.Commands.Social.Comments;
using Veza.Commands.Social.Follows;
using Veza.Commands.Social.Likes;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections.Accounts;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Music.Charts;
using Veza.Projections.Music.Listening;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Comments;
using Veza.Projections.Social.Feed;
using Veza.Projections.Social.Follows;
using Veza.Projections.Social.Likes;

namespace Veza.Projections.Tests.AsOf;

/// <summary>
/// A random history by seed, in which four people do and undo things, and random queries of the product about them.
/// </summary>
/// <param name="streams">The streams of the log that it happens in.</param>
internal sealed class RandomHistory(int seed, MessageStreams streams)
{
    private static readonly string[] Emoji = ["🔥", "👍", "🎉"];

    private readonly Random _random = new(seed);
    private readonly SocialSetting _social = new();
    private readonly Guid _community = Guid.CreateVersion7();
    private readonly List<Guid> _channels = [Guid.CreateVersion7()];
    private readonly List<(Guid Channel, Guid Id)> _messages = [];
    private readonly List<Guid> _roles = [.. Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7())];
    private readonly List<Guid> _tracks = [];
    private readonly List<(Guid Owner, Guid Id)> _shows = [];

    private Guid[] People => [_social.Ana, _social.Bo, _social.Cleo, _social.Dora];

    /// <summary>Ids of the messages in all attempts to send.</summary>
    public IReadOnlyList<Guid> Sent => _messages.ConvertAll(m => m.Id);

    /// <summary>The events that the rest depends on.</summary>
    public IEnumerable<object[]> Beginning() =>
        [
            .. _social.Registered.Select(r => new[] { r }),
            [new CreateCommunity(_community, _channels[0], _social.Ana, "Vinyl diggers")],
            Upload(),
            [Send()],
            [new EditMessage(_messages[0].Id, _social.Ana, "edited at once")],
        ];

    /// <returns>Commands, some of which are refused, events, and spans of time.</returns>
    public object[] Next() =>
        _random.Next(31) switch
        {
            0 => [new JoinCommunity(_community, Person())],
            1 => [new LeaveCommunity(_community, Person())],
            2 => Channel(),
            28 => [new ChangeChannel(Pick(_channels), _social.Ana, $"renamed {_random.Next()}", "new", 0, true)],
            29 => [new MoveChannel(Pick(_channels), _social.Ana, null, _random.Next(2) == 0 ? null : _channels[0])],
            30 when _channels.Count > 2 => [new DeleteChannel(_channels[^1], _social.Ana)],
            3 or 4 => [Send(), Send()],
            5 => [new EditMessage(Message().Id, Person(), $"edited {_random.Next()}")],
            6 => [new DeleteMessage(Message().Id, _social.Ana)],
            7 or 8 => [new ReactToMessage(Message().Id, Person(), Pick(Emoji))],
            9 => [new RemoveReaction(Message().Id, Person(), Pick(Emoji))],
            10 or 11 => [new FollowAccount(Person(), Person())],
            12 => [new UnfollowAccount(Person(), Person())],
            13 => Upload(),
            14 => [new CompleteTrackProcessing(Pick(_tracks), [new("opus", 128, 2_880_000)])],
            15 => [new LikeTrack(Pick(_tracks), Person()), new UnlikeTrack(Pick(_tracks), Person())],
            16 => [new RepostTrack(Pick(_tracks), Person()), new RemoveRepost(Pick(_tracks), Person())],
            17 => [new CommentOnTrack(Guid.CreateVersion7(), Pick(_tracks), Person(), "this drop!", 61_000)],
            18 => SocialSetting.Hears(Person(), Pick(_tracks), Guid.CreateVersion7()),
            19 => [new FailTrackProcessing(Pick(_tracks), "not audio after all")],
            20 => Stop(),
            21 => [new CreateRole(_community, Pick(_roles), _social.Ana, "crew", 0, Permission.None, false, false)],
            22 =>
            [
                new ChangeRole(_community, Pick(_roles), _social.Ana, "regulars", 255, Permission.None, true, true),
                new MoveRole(_community, Pick(_roles), _social.Ana, Pick(_roles)),
            ],
            23 => [new DeleteRole(_community, Pick(_roles), _social.Ana)],
            24 =>
            [
                new GiveRole(_community, Person(), Pick(_roles), _social.Ana),
                new GiveRole(_community, Person(), Pick(_roles), _social.Ana),
            ],
            25 => [new TakeRole(_community, Person(), Pick(_roles), _social.Ana)],
            26 =>
            [
                new SetOverwrite(
                    Pick(_channels),
                    _social.Ana,
                    OverwriteTarget.Role,
                    Pick(_roles),
                    Permission.ManageMessages,
                    Permission.None
                ),
                new RemoveOverwrite(Pick(_channels), _social.Ana, Pick(_roles)),
            ],
            _ => Show(),
        };

    /// <summary>Every kind of query, about a random person or thing that exists by now.</summary>
    public IEnumerable<(string What, Func<ReadModels, Task<object?>> Ask)> Questions(DateTimeOffset now)
    {
        var (channel, message, track, person, other) = (Pick(_channels), Message(), Pick(_tracks), Person(), Person());
        var ct = CancellationToken.None;
        yield return ("newest messages", async v =>
            await new MessageQueries(v).BeforeAsync(channel, null, 4, person, ct)
        );
        yield return ("messages before", async v =>
            await Messages(v).BeforeAsync(message.Channel, await At(message), 3, person, ct)
        );
        yield return ("messages after", async v =>
            await Messages(v).AfterAsync(message.Channel, await At(message), 3, person, ct)
        );
        yield return ("a message", async v => await Messages(v).FindAsync(message.Id, person, ct));
        yield return ("the community", async v => await new ChatQueries(v).CommunityAsync(_community, ct));
        yield return ("a channel", async v => await new ChatQueries(v).ChannelAsync(channel, ct));
        yield return ("channels", async v => await new ChatQueries(v).ChannelsAsync(_community, 0, 10, ct));
        yield return ("members", async v => await new ChatQueries(v).MembersAsync(_community, 0, 10, ct));
        yield return ("members in pages", async v =>
        {
            var first = await new ChatQueries(v).MembersAsync(_community, 0, 2, ct);
            return first.Count < 2 ? null : await new ChatQueries(v).MembersAsync(_community, first[1].Position, 2, ct);
        });
        yield return ("roles", async v => await new RoleQueries(v).RolesAsync(_community, ct));
        yield return ("overwrites", async v => await new RoleQueries(v).OverwritesAsync(channel, 0, 10, ct));
        yield return ("an account", async v => await new AccountQueries(v).FindAsync(person, ct));
        yield return ("followers", async v => await new FollowQueries(v).FollowersAsync(person, null, 2, ct));
        yield return ("following", async v => await new FollowQueries(v).FollowingAsync(person, null, 2, ct));
        yield return ("a track", async v => await new TrackQueries(v).FindAsync(track, ct));
        yield return ("an account's tracks", async v =>
            await new LikeQueries(v).MarkAsync(
                await new TrackQueries(v).OfAccountAsync(person, withFailed: false, null, 2, ct),
                other,
                ct
            )
        );
        yield return ("its tracks further back", async v =>
        {
            var tracks = new TrackQueries(v);
            var first = await tracks.OfAccountAsync(person, withFailed: true, null, 2, ct);
            return await tracks.OfAccountAsync(person, withFailed: true, first.LastOrDefault()?.Position, 2, ct);
        });
        yield return ("a follow", async v => await new FollowQueries(v).FollowsAsync(person, other, ct));
        yield return ("comments", async v => await new CommentQueries(v).OnTrackAsync(track, 0, 10, ct));
        yield return ("the feed", async v => await new FeedQueries(v).PageAsync(other, null, 4, ct));
        yield return ("the feed further back", async v =>
            await new FeedQueries(v).PageAsync(
                other,
                (await new FeedQueries(v).PageAsync(other, null, 2, ct)).LastOrDefault()?.Position,
                4,
                ct
            )
        );
        yield return ("the history", async v => await new HistoryQueries(v).PageAsync(person, null, 3, ct));
        var genre = _random.Next(2) == 0 ? null : _social.Genre;
        yield return ("top of all time", async v =>
            await new ChartQueries(v).ListAsync(Chart.Top, ChartSpan.All, genre, now, 3, ct)
        );
        foreach (var chart in Enum.GetValues<Chart>())
            yield return ($"{chart}", async v =>
                await new ChartQueries(v).ListAsync(chart, ChartSpan.Day, genre, now, 3, ct)
            );
    }

    private static MessageQueries Messages(ReadModels views) => new(views);

    private async Task<long> At((Guid Channel, Guid Id) message) =>
        await streams.SentAtAsync(message.Channel, message.Id, long.MaxValue, CancellationToken.None) ?? -1;

    private T Pick<T>(IReadOnlyList<T> among) => among[_random.Next(among.Count)];

    private Guid Person() => Pick(People);

    private (Guid Channel, Guid Id) Message() => Pick(_messages);

    private SendMessage Send()
    {
        var (channel, id) = (Pick(_channels), Guid.CreateVersion7());
        _messages.Add((channel, id));
        return new(
            id,
            channel,
            _messages.Count == 1 ? _social.Ana : Person(),
            $"message {_random.Next()} \"\\ é",
            null
        );
    }

    private object[] Upload()
    {
        _tracks.Add(Guid.CreateVersion7());
        return [_social.Uploads(Person(), _tracks[^1])];
    }

    private object[] Channel()
    {
        if (_channels.Count > 2)
            return [];
        _channels.Add(Guid.CreateVersion7());
        return
        [
            new CreateChannel(
                _channels[^1],
                _community,
                _social.Ana,
                $"channel-{_channels.Count}",
                ChannelKind.Text,
                null,
                0
            ),
        ];
    }

    private object[] Stop()
    {
        if (_shows.Count == 0)
            return [];
        var (owner, id) = Pick(_shows);
        return [new StopBroadcast(id, owner)];
    }

    private object[] Show()
    {
        var owner = Person();
        _shows.Add((owner, Guid.CreateVersion7()));
        return [SocialSetting.Announces(owner, _shows[^1].Id, "Late show"), SocialSetting.Starts(owner, _shows[^1].Id)];
    }
}
