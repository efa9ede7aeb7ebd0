using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Chat.Members;

/// <summary>Computes what a member may do, as Discord does.</summary>
public static class Permissions
{
    /// <summary>The permissions of a member during a time-out.</summary>
    public const Permission TimedOut = Permission.ViewChannel | Permission.ReadMessageHistory;

    /// <summary>Lost with <see cref="Permission.SendMessages"/>.</summary>
    private const Permission NeedSendMessages =
        Permission.MentionEveryone | Permission.SendTtsMessages | Permission.AttachFiles | Permission.EmbedLinks;

    /// <param name="channel">Null asks for the community as a whole.</param>
    /// <param name="why">Gets each step that changed something.</param>
    public static Permission Of(
        Member? member,
        Community community,
        DateTimeOffset now,
        Channel? channel = null,
        ICollection<PermissionStep>? why = null
    )
    {
        var tally = new Tally(why);
        if (member is not { Present: true })
            return Permission.None;
        if (member.Id == community.OwnerId)
            return tally.Grant(PermissionRule.Owner, Permission.All);
        tally.Grant(PermissionRule.EveryoneRole, community.Roles[community.Id].Permissions, community.Id);
        foreach (var id in member.RoleIds)
            if (community.Role(id) is { } role)
                tally.Grant(PermissionRule.Role, role.Permissions, id);
        if (tally.Has(Permission.Administrator))
            return tally.Grant(PermissionRule.Administrator, Permission.All);
        if (channel is not null)
            InChannel(tally, member, community, channel);
        return member.IsTimedOut(now) ? tally.Keep(PermissionRule.TimeOut, TimedOut) : tally.Value;
    }

    /// <summary>The rank of a member's highest role; the owner is above all.</summary>
    public static double RankOf(Member member, Community community) =>
        member.Id == community.OwnerId
            ? double.PositiveInfinity
            : member.RoleIds.Select(id => community.Role(id)?.Rank ?? 0).Append(Role.EveryoneRank).Max();

    private static void InChannel(Tally tally, Member member, Community community, Channel channel)
    {
        if (channel.Overwrite(community.Id) is { } everyone)
            tally.Change(PermissionRule.EveryoneOverwrite, everyone.Deny, everyone.Allow);
        var (deny, allow) = (Permission.None, Permission.None);
        foreach (var id in member.RoleIds)
            if (community.Role(id) is not null && channel.Overwrite(id) is { } role)
                (deny, allow) = (deny | role.Deny, allow | role.Allow);
        tally.Change(PermissionRule.RoleOverwrites, deny, allow);
        if (channel.Overwrite(member.Id) is { } own)
            tally.Change(PermissionRule.MemberOverwrite, own.Deny, own.Allow);

        if (channel.Kind == ChannelKind.Announcement && !tally.Has(Permission.ManageMessages))
            tally.Deny(PermissionRule.Announcement, Permission.SendMessages);
        if (!tally.Has(Permission.SendMessages))
            tally.Deny(PermissionRule.WithoutSendMessages, NeedSendMessages);
        if (!tally.Has(Permission.ViewChannel))
            tally.Keep(PermissionRule.WithoutViewChannel, Permission.None);
    }

    /// <summary>The permissions so far. Each change that has an effect is a step.</summary>
    private sealed class Tally(ICollection<PermissionStep>? why)
    {
        public Permission Value { get; private set; }

        public bool Has(Permission permission) => Value.HasFlag(permission);

        public Permission Grant(PermissionRule rule, Permission granted, Guid? roleId = null) =>
            Set(rule, Value | granted, roleId);

        public Permission Deny(PermissionRule rule, Permission denied) => Set(rule, Value & ~denied);

        public Permission Keep(PermissionRule rule, Permission kept) => Set(rule, Value & kept);

        public Permission Change(PermissionRule rule, Permission deny, Permission allow) =>
            Set(rule, (Value & ~deny) | allow);

        private Permission Set(PermissionRule rule, Permission value, Guid? roleId = null)
        {
            if (value != Value)
                why?.Add(new(rule, roleId, Granted: value & ~Value, Denied: Value & ~value));
            return Value = value;
        }
    }
}
