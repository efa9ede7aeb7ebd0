using System.Runtime.CompilerServices;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore.Events;
using Veza.Projections.Chat.Roles;

namespace Veza.Realtime.Engine;

/// <summary>
/// Which channels of a community a caller sees at a subscription's position. Only the subscription's reader changes it.
/// </summary>
/// <remarks>
/// It folds the events of the topics <c>visibility:{community}</c> and <c>access:{account}</c> after
/// <see cref="AsOf"/>. The aggregates are shared by all subscriptions of the node.
/// </remarks>
internal sealed class CommunitySight
{
    /// <summary>The community or channel after an event. The first subscription that needs it folds it.</summary>
    private static readonly ConditionalWeakTable<RecordedEvent, object> Folded = [];

    private readonly Dictionary<Guid, Channel> _restricted;
    private Community _community;
    private Member _member;
    private bool _seesOthers;

    /// <param name="member">With the roles of the caller, who need not be a member: then it has none.</param>
    /// <param name="restricted">The channels with overwrites that grant or deny seeing them or their history.</param>
    /// <param name="asOf">The position that all of it is as of.</param>
    public CommunitySight(Community community, Member member, IEnumerable<Channel> restricted, long asOf)
    {
        _community = community;
        _member = member;
        _restricted = restricted.ToDictionary(channel => channel.Id);
        _seesOthers = SeesOthers();
        AsOf = asOf;
    }

    /// <summary>Events up to here are part of it already.</summary>
    public long AsOf { get; }

    /// <returns>The community whose channels the event may show or hide; null for other events.</returns>
    public static Guid? CommunityOf(object? data) =>
        data switch
        {
            RoleCreated e => e.CommunityId,
            RoleChanged e => e.CommunityId,
            RoleDeleted e => e.CommunityId,
            MemberRoleGiven e => e.CommunityId,
            MemberRoleTaken e => e.CommunityId,
            OverwriteSet e => e.CommunityId,
            OverwriteRemoved e => e.CommunityId,
            _ => null,
        };

    public bool Sees(Guid channel) =>
        _restricted.TryGetValue(channel, out var restricted) ? Has(restricted, Permission.ViewChannel) : _seesOthers;

    /// <summary>Whether the caller sees the channel of an overwrite before it, after it, or both.</summary>
    public bool SeesAround(RecordedEvent e, Guid channel) =>
        Sees(channel) || e.Position > AsOf && Has(After(channel, e), Permission.ViewChannel);

    /// <summary>Whether the caller sees a channel from its beginning.</summary>
    public bool SeesNew(RecordedEvent e, ChannelCreated created) =>
        created.Private && e.Position > AsOf
            ? Has(Channel.Create(created), Permission.ViewChannel)
            : Sees(created.ChannelId);

    public bool ReadsHistory(Guid channel) =>
        Has(_restricted.GetValueOrDefault(channel), MemberPermissions.ReadHistory);

    /// <summary>Takes an event in.</summary>
    /// <param name="channel">The only channel that it may show or hide; null when it may be any.</param>
    /// <returns>
    /// Whether it may show or hide a channel. For an event that is part of the sight already, that is not known.
    /// </returns>
    public bool Take(RecordedEvent e, out Guid? channel)
    {
        channel = e.Data switch
        {
            OverwriteSet set => set.ChannelId,
            OverwriteRemoved removed => removed.ChannelId,
            _ => null,
        };
        if (e.Position <= AsOf)
            return Concerns(e.Data);
        var mayChange = true;
        switch (e.Data)
        {
            case RoleChanged or RoleDeleted or RoleCreated:
                mayChange = TakeRole(e);
                break;
            case MemberRoleGiven given when given.MemberId == _member.Id:
                _member = _member.Apply(given);
                break;
            case MemberRoleTaken taken when taken.MemberId == _member.Id:
                _member = _member.Apply(taken);
                break;
            case ChannelCreated { Private: true } created:
                _restricted[created.ChannelId] = Channel.Create(created);
                return false;
            case OverwriteSet set when IsRestricted(set):
                return Restrict(set.ChannelId, e);
            case OverwriteRemoved removed when _restricted.ContainsKey(removed.ChannelId):
                return Restrict(removed.ChannelId, e);
            default:
                return false;
        }
        _seesOthers = SeesOthers();
        return mayChange;
    }

    private bool Concerns(object? data) =>
        data switch
        {
            RoleCreated => false,
            MemberRoleGiven given => given.MemberId == _member.Id,
            MemberRoleTaken taken => taken.MemberId == _member.Id,
            _ => true,
        };

    // Most changes of roles are of their other permissions, or of roles that the caller has not.
    private bool TakeRole(RecordedEvent e)
    {
        var before = _community;
        _community = Fold(e, before, static (community, e) => e.Data switch
            {
                RoleCreated created => community.Apply(created),
                RoleChanged changed => community.Apply(changed),
                RoleDeleted deleted => community.Apply(deleted),
                _ => community,
            });
        var id = e.Data switch
        {
            RoleChanged changed => changed.RoleId,
            RoleDeleted deleted => deleted.RoleId,
            _ => Guid.Empty,
        };
        if (id != _community.Id && !_member.RoleIds.Contains(id))
            return false;
        const Permission Shows = Permission.ViewChannel | Permission.Administrator;
        return _community.Role(id) is not { } after
            || ((before.Role(id)!.Permissions ^ after.Permissions) & Shows) != 0;
    }

    private bool IsRestricted(OverwriteSet set) =>
        _restricted.ContainsKey(set.ChannelId)
        || ((set.Allow | set.Deny) & MemberPermissions.ReadHistory) != Permission.None;

    private bool Restrict(Guid channel, RecordedEvent e)
    {
        var saw = Sees(channel);
        _restricted[channel] = After(channel, e);
        return Sees(channel) != saw;
    }

    private Channel After(Guid channel, RecordedEvent e) =>
        Fold(e, _restricted.GetValueOrDefault(channel) ?? Unrestricted(channel), static (before, e) => e.Data switch
            {
                OverwriteSet set => before.Apply(set),
                OverwriteRemoved removed => before.Apply(removed),
                _ => before,
            });

    // Its overwrites of other permissions do not matter here.
    private Channel Unrestricted(Guid channel) =>
        Channel.Create(new(channel, _community.Id, "", ChannelKind.Text, Topic: null, SlowModeSeconds: 0));

    private static T Fold<T>(RecordedEvent e, T before, Func<T, RecordedEvent, T> after)
        where T : class => (T)Folded.GetValue(e, e => after(before, e));

    private bool SeesOthers() => Has(null, Permission.ViewChannel);

    // A time-out leaves both permissions, so the time does not matter.
    private bool Has(Channel? channel, Permission permission) =>
        Permissions.Of(_member, _community, now: default, channel).HasFlag(permission);
}
