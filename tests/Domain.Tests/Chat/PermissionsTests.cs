using System.Collections.Immutable;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Tests.Chat;

/// <summary>What discord.js leaves out: time-outs and implicit denials; and the reasons.</summary>
public class PermissionsTests
{
    private static readonly Guid CommunityId = Guid.CreateVersion7();
    private static readonly Guid OwnerId = Guid.CreateVersion7();
    private static readonly Guid MemberId = Guid.CreateVersion7();
    private static readonly Guid RoleId = Guid.CreateVersion7();
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Permission NeedSending =
        Permission.MentionEveryone | Permission.SendTtsMessages | Permission.AttachFiles | Permission.EmbedLinks;

    private static Community WithRole(Permission permissions) =>
        Community
            .Create(new CommunityCreated(CommunityId, OwnerId, "Vinyl diggers"))
            .Apply(new RoleCreated(CommunityId, RoleId, OwnerId, "crew", 0, 1, permissions, false, false));

    private static Member WithRoles(params Guid[] roles) => new(CommunityId, MemberId, Present: true, [.. roles]);

    private static Channel With(
        ChannelKind kind,
        params (Guid Target, Permission Allow, Permission Deny)[] overwrites
    ) =>
        new(
            Guid.CreateVersion7(),
            CommunityId,
            kind,
            Name: "talk",
            Topic: null,
            SlowModeSeconds: 0,
            Nsfw: false,
            overwrites.ToImmutableDictionary(o => o.Target, o => new Overwrite(o.Allow, o.Deny))
        );

    [Fact]
    public void Who_is_no_member_may_do_nothing()
    {
        Assert.Equal(Permission.None, Permissions.Of(null, WithRole(Permission.All), Now));
        var gone = WithRoles(RoleId) with { Present = false };
        Assert.Equal(Permission.None, Permissions.Of(gone, WithRole(Permission.All), Now));
    }

    [Fact]
    public void The_owner_and_administrators_may_do_everything_also_where_a_channel_denies_it()
    {
        var closed = With(ChannelKind.Announcement, (CommunityId, Permission.None, Permission.All));
        var owner = WithRoles() with { Id = OwnerId };
        Assert.Equal(Permission.All, Permissions.Of(owner, WithRole(Permission.None), Now, closed));
        Assert.Equal(
            Permission.All,
            Permissions.Of(WithRoles(RoleId), WithRole(Permission.Administrator), Now, closed)
        );
    }

    [Fact]
    public void A_time_out_leaves_seeing_and_reading_but_not_to_the_owner_and_administrators()
    {
        var until = Now.AddMinutes(1);
        Assert.Equal(
            Permission.ViewChannel | Permission.ReadMessageHistory,
            Permissions.Of(WithRoles() with { TimedOutUntil = until }, WithRole(Permission.None), Now)
        );
        Assert.Equal(
            Permission.All,
            Permissions.Of(WithRoles(RoleId) with { TimedOutUntil = until }, WithRole(Permission.Administrator), Now)
        );
        Assert.NotEqual(
            Permissions.TimedOut,
            Permissions.Of(WithRoles() with { TimedOutUntil = until }, WithRole(Permission.None), until)
        );
    }

    [Fact]
    public void Who_may_not_write_in_a_channel_sends_no_files_and_mentions_not_everyone()
    {
        var silent = With(ChannelKind.Text, (CommunityId, NeedSending, Permission.SendMessages));
        var has = Permissions.Of(WithRoles(), WithRole(Permission.None), Now, silent);
        Assert.Equal(Permission.None, has & (NeedSending | Permission.SendMessages));
        Assert.True(has.HasFlag(Permission.AddReactions));
    }

    [Fact]
    public void Who_does_not_see_a_channel_may_do_nothing_in_it()
    {
        var hidden = With(ChannelKind.Text, (CommunityId, Permission.None, Permission.ViewChannel));
        Assert.Equal(Permission.None, Permissions.Of(WithRoles(), WithRole(Permission.None), Now, hidden));
        Assert.NotEqual(
            Permission.None,
            Permissions.Of(WithRoles(), WithRole(Permission.None), Now, With(ChannelKind.Text))
        );
    }

    [Fact]
    public void In_announcement_channels_only_those_write_who_manage_messages()
    {
        var news = With(ChannelKind.Announcement);
        var reader = Permissions.Of(WithRoles(), WithRole(Permission.ManageMessages), Now, news);
        Assert.Equal(Permission.AddReactions, reader & (Permission.AddReactions | Permission.SendMessages));
        var crew = Permissions.Of(WithRoles(RoleId), WithRole(Permission.ManageMessages), Now, news);
        Assert.True(crew.HasFlag(Permission.SendMessages));
    }

    [Fact]
    public void A_deleted_role_grants_nothing()
    {
        var community = WithRole(Permission.Administrator).Apply(new RoleDeleted(CommunityId, RoleId, OwnerId));
        var closed = With(ChannelKind.Text, (RoleId, Permission.ManageMessages, Permission.None));
        Assert.Equal(Role.EveryonePermissions, Permissions.Of(WithRoles(RoleId), community, Now, closed));
    }

    [Fact]
    public void Each_step_says_which_rule_granted_and_denied_what()
    {
        var channel = With(
            ChannelKind.Text,
            (CommunityId, Permission.None, Permission.SendMessages | Permission.AddReactions),
            (RoleId, Permission.SendMessages, Permission.None),
            (MemberId, Permission.None, Permission.ManageMessages)
        );
        var why = new List<PermissionStep>();
        var has = Permissions.Of(WithRoles(RoleId), WithRole(Permission.ManageMessages), Now, channel, why);
        Assert.Equal(Role.EveryonePermissions & ~Permission.AddReactions, has);
        Assert.Equal(
            [
                new(PermissionRule.EveryoneRole, CommunityId, Role.EveryonePermissions, Permission.None),
                new(PermissionRule.Role, RoleId, Permission.ManageMessages, Permission.None),
                new(
                    PermissionRule.EveryoneOverwrite,
                    null,
                    Permission.None,
                    Permission.SendMessages | Permission.AddReactions
                ),
                new(PermissionRule.RoleOverwrites, null, Permission.SendMessages, Permission.None),
                new(PermissionRule.MemberOverwrite, null, Permission.None, Permission.ManageMessages),
            ],
            why
        );
    }

    [Fact]
    public void The_numbers_are_Discords()
    {
        Assert.Equal(1L << 51, (long)Permission.PinMessages);
        Assert.Equal(1L << 52, (long)Permission.BypassSlowMode);
        Assert.Equal(1L << 40, (long)Permission.ModerateMembers);
        // 53 bits, of which one is retired.
        Assert.Equal(52, Enum.GetValues<Permission>().Count(p => System.Numerics.BitOperations.IsPow2((long)p)));
    }
}
