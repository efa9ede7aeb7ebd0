using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Events;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

/// <summary>
/// A random history by seed: three people join and leave three communities, sign out, create channels and talk.
/// Computes from the log alone who may see which event.
/// </summary>
internal sealed class MembershipHistory(int seed)
{
    private readonly Random _random = new(seed);
    private readonly Guid[] _communities = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];
    private readonly List<(Guid Channel, Guid Community)> _channels = [];
    private readonly HashSet<(Guid Community, Guid Member)> _members = [];

    /// <summary>Each person with their session.</summary>
    public LiveCaller[] People { get; } =
    [
        .. Enumerable
            .Range(0, 3)
            .Select(_ => new LiveCaller(Guid.CreateVersion7(), Guid.CreateVersion7(), MayReadLog: false)),
    ];

    /// <summary>The communities' first events. Their owner is none of the people.</summary>
    public DomainEvent[] Founded() =>
        [.. _communities.Select(id => new CommunityCreated(id, Guid.CreateVersion7(), "of three"))];

    /// <summary>A few events appended together: a loss of access and a later message share a batch.</summary>
    public DomainEvent[] Next() => [.. Enumerable.Range(0, _random.Next(1, 9)).Select(_ => Event())];

    /// <summary>The events that a subscription to <c>communities:mine</c> from a position on must receive.</summary>
    /// <param name="log">The log from before the first event of this history.</param>
    /// <param name="ends">True when it ends because the session does.</param>
    public static List<long> Seen(IEnumerable<RecordedEvent> log, LiveCaller by, long after, out bool ends)
    {
        var (mine, channels, seen) = (new HashSet<Guid>(), new Dictionary<Guid, Guid>(), new List<long>());
        ends = false;
        foreach (var e in log)
        {
            if (e.Data is ChannelCreated made)
                channels[made.ChannelId] = made.CommunityId;
            if (e.Data is MemberJoined joined && joined.MemberId == by.AccountId)
                mine.Add(joined.CommunityId);
            if (e.Data is SessionEnded ended && ended.SessionId == by.SessionId && e.Position > after)
            {
                ends = true;
                return seen;
            }
            Guid? community = e.Data switch
            {
                MemberJoined m => m.CommunityId,
                MemberLeft m => m.CommunityId,
                ChannelCreated c => c.CommunityId,
                MessageSent m when channels.TryGetValue(m.ChannelId, out var of) => of,
                _ => null,
            };
            if (e.Position > after && community is { } where && mine.Contains(where))
                seen.Add(e.Position);
            if (e.Data is MemberLeft left && left.MemberId == by.AccountId)
                mine.Remove(left.CommunityId);
        }
        return seen;
    }

    private DomainEvent Event()
    {
        var (community, person) = (Pick(_communities), Pick(People));
        switch (_random.Next(40))
        {
            case 0:
                return new SessionEnded(person.SessionId!.Value, person.AccountId, Session.SignedOut);
            case 1:
                return new SessionEnded(Guid.CreateVersion7(), person.AccountId, Session.SignedOut);
            case < 5:
                var channel = Guid.CreateVersion7();
                _channels.Add((channel, community));
                return new ChannelCreated(channel, community, "talk", ChannelKind.Text, null, 0);
            case < 14:
                return _members.Add((community, person.AccountId))
                    ? new MemberJoined(community, person.AccountId)
                    : Message();
            case < 19:
                return _members.Remove((community, person.AccountId))
                    ? new MemberLeft(community, person.AccountId)
                    : Message();
            default:
                return Message();
        }
    }

    private MessageSent Message() =>
        new(
            Guid.CreateVersion7(),
            _channels.Count > 0 ? _channels[_random.Next(_channels.Count)].Channel : Guid.CreateVersion7(),
            Pick(People).AccountId,
            "hello",
            null
        );

    private T Pick<T>(T[] of) => of[_random.Next(of.Length)];
}
