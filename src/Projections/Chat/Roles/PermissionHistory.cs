using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Events;

namespace Veza.Projections.Chat.Roles;

/// <summary>What one rule changed, and by which events.</summary>
/// <param name="RoleName">As of the position that was asked for.</param>
/// <param name="GrantedNames">The bits of <paramref name="Granted"/>, one name each.</param>
/// <param name="DeniedNames">The bits of <paramref name="Denied"/>, one name each.</param>
/// <param name="Positions">The events that set what the rule goes by, oldest first.</param>
public sealed record PermissionStepView(
    PermissionRule Rule,
    Guid? RoleId,
    string? RoleName,
    Permission Granted,
    Permission Denied,
    IReadOnlyList<string> GrantedNames,
    IReadOnlyList<string> DeniedNames,
    IReadOnlyList<long> Positions
);

/// <param name="Names">The bits of <paramref name="Permissions"/>, one name each.</param>
/// <param name="Steps">What granted and denied them, in the order of the rules.</param>
public sealed record PermissionsView(
    Permission Permissions,
    IReadOnlyList<string> Names,
    IReadOnlyList<PermissionStepView> Steps
);

/// <summary>Computes what a member may do as of a position of the log, and why, from the events themselves.</summary>
public sealed class PermissionHistory(EventLog log)
{
    /// <summary>Events of a community, a member and a channel, all together. More are refused.</summary>
    public const int EventsMax = 50_000;

    private static readonly IReadOnlyList<Permission> Each =
    [
        .. Enum.GetValues<Permission>().Where(permission => System.Numerics.BitOperations.IsPow2((long)permission)),
    ];

    /// <param name="channelId">Null asks for the community as a whole.</param>
    /// <param name="moment">The time at the position: time-outs end without an event.</param>
    /// <returns>Null when the community, or the channel in it, did not exist then.</returns>
    /// <exception cref="AsOf.PointInTimeTooLongException">There are more events than one request may read.</exception>
    public async Task<PermissionsView?> OfAsync(
        Guid communityId,
        Guid memberId,
        Guid? channelId,
        long position,
        DateTimeOffset moment,
        CancellationToken ct
    )
    {
        var facts = new Facts(communityId);
        Guid[] streams =
        [
            communityId,
            Member.StreamId(communityId, memberId),
            .. channelId is { } id ? new[] { id } : [],
        ];
        var read = 0;
        await foreach (var e in log.Reader.ReadStreamsAsync(streams, 0, position, EventsMax + 1, ct))
        {
            if (++read > EventsMax)
                throw new AsOf.PointInTimeTooLongException(position, EventsMax);
            facts.Take(e);
        }
        if (facts.Community is not { } community)
            return null;
        if (channelId is not null && facts.Channel?.CommunityId != communityId)
            return null;
        var steps = new List<PermissionStep>();
        var permissions = Permissions.Of(facts.Member, community, moment, facts.Channel, steps);
        return new(permissions, Names(permissions), steps.ConvertAll(step => View(step, facts, memberId)));
    }

    private static PermissionStepView View(PermissionStep step, Facts facts, Guid memberId) =>
        new(
            step.Rule,
            step.RoleId,
            step.RoleId is { } id ? facts.Community!.Role(id)?.Name : null,
            step.Granted,
            step.Denied,
            Names(step.Granted),
            Names(step.Denied),
            facts.PositionsOf(step, memberId)
        );

    private static IReadOnlyList<string> Names(Permission permissions) =>
        [.. Each.Where(one => permissions.HasFlag(one)).Select(one => one.ToString())];

    /// <summary>The aggregates that decide, and the last event that set each part of them.</summary>
    private sealed class Facts(Guid communityId)
    {
        private readonly Dictionary<Guid, long> _roles = [];
        private readonly Dictionary<Guid, long> _given = [];
        private readonly Dictionary<Guid, long> _overwrites = [];
        private long _founded;
        private long _channelMade;
        private long _timedOut;

        public Community? Community { get; private set; }
        public Member? Member { get; private set; }
        public Channel? Channel { get; private set; }

        public void Take(RecordedEvent e)
        {
            Community = Next(Community, e);
            Member = Next(Member, e);
            Channel = Next(Channel, e);
            switch (e.Data)
            {
                case CommunityCreated:
                    _founded = _roles[communityId] = e.Position;
                    break;
                case RoleCreated role:
                    _roles[role.RoleId] = e.Position;
                    break;
                case RoleChanged role:
                    _roles[role.RoleId] = e.Position;
                    break;
                case MemberRoleGiven given:
                    _given[given.RoleId] = e.Position;
                    break;
                case MemberTimedOut:
                    _timedOut = e.Position;
                    break;
                case ChannelCreated created:
                    _channelMade = e.Position;
                    if (created.Private)
                        _overwrites[communityId] = e.Position;
                    break;
                case OverwriteSet overwrite:
                    _overwrites[overwrite.TargetId] = e.Position;
                    break;
            }
        }

        public IReadOnlyList<long> PositionsOf(PermissionStep step, Guid memberId) =>
            step.Rule switch
            {
                PermissionRule.Owner => [_founded],
                PermissionRule.EveryoneRole => [_roles[communityId]],
                PermissionRule.Role => Ordered(_roles[step.RoleId!.Value], _given[step.RoleId.Value]),
                PermissionRule.Administrator => Ordered([.. Administrators()]),
                PermissionRule.EveryoneOverwrite => [_overwrites[communityId]],
                PermissionRule.RoleOverwrites => Ordered([.. RoleOverwrites()]),
                PermissionRule.MemberOverwrite => [_overwrites[memberId]],
                PermissionRule.Announcement => [_channelMade],
                PermissionRule.TimeOut => [_timedOut],
                _ => [],
            };

        private IEnumerable<long> Administrators() =>
            Member!
                .RoleIds.Append(communityId)
                .Where(id => Community!.Role(id)?.Permissions.HasFlag(Permission.Administrator) == true)
                .Select(id => _roles[id]);

        private IEnumerable<long> RoleOverwrites() =>
            Member!
                .RoleIds.Where(id => Community!.Role(id) is not null && Channel!.Overwrite(id) is not null)
                .Select(id => _overwrites[id]);

        private static IReadOnlyList<long> Ordered(params long[] positions) => [.. positions.Order()];

        private static T? Next<T>(T? aggregate, RecordedEvent e)
            where T : class => (T?)AggregateFold.Of<T>().Next(aggregate, e.Data!);
    }
}
