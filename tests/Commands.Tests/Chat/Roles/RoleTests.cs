using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Roles;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat.Roles;

public class RoleTests(Rules rules)
{
    private readonly ChatSetting _chat = new();
    private readonly Guid _crew = Guid.CreateVersion7();
    private readonly Guid _guests = Guid.CreateVersion7();

    private CreateRole Crew => Create(_crew, Permission.ManageRoles | Permission.KickMembers);
    private CreateRole Guests => Create(_guests, Permission.None);
    private GiveRole GiveCrew => new(_chat.Community, _chat.Member, _crew, _chat.Owner);
    private TakeRole TakeCrew => new(_chat.Community, _chat.Member, _crew, _chat.Owner);
    private JoinCommunity StrangerJoined => _chat.Joined with { MemberId = _chat.Stranger };

    private ChangeRole Change =>
        new(_chat.Community, _guests, _chat.Owner, "regulars", 0xFF00FF, Permission.None, true, true);

    private ChangeRole ChangeEveryone(Permission permissions) =>
        new(_chat.Community, _chat.Community, _chat.Owner, "everyone", 0, permissions, false, false);

    private CreateRole Create(Guid id, Permission permissions) =>
        new(_chat.Community, id, _chat.Owner, "crew", 0, permissions, Hoisted: false, Mentionable: false);

    /// <summary>The crew's role is above the guests'; the member has it.</summary>
    private object[] WithCrew(params object[] more) => _chat.Given([Crew, Guests, GiveCrew, .. more]);

    [Fact]
    public Task The_owner_creates_a_role_below_the_others() =>
        rules
            .Given(_chat.Given(Crew))
            .When(Guests)
            .Then(
                new RoleCreated(
                    _chat.Community,
                    _guests,
                    _chat.Owner,
                    "crew",
                    0,
                    0.5,
                    Permission.None,
                    Hoisted: false,
                    Mentionable: false
                )
            );

    [Fact]
    public Task A_plain_member_creates_none() =>
        rules.Given(_chat.Given()).When(Crew with { MemberId = _chat.Member }).ThenRefused("permission_missing");

    [Fact]
    public Task Members_grant_only_what_they_have() =>
        rules
            .Given(WithCrew())
            .When(Create(Guid.CreateVersion7(), Permission.BanMembers) with { MemberId = _chat.Member })
            .ThenRefused("permission_missing");

    [Fact]
    public async Task But_that_they_may()
    {
        var id = Guid.CreateVersion7();
        await rules
            .Given(WithCrew(Create(id, Permission.KickMembers) with { MemberId = _chat.Member }))
            .When(new GiveRole(_chat.Community, _chat.Member, id, _chat.Member))
            .Then(new MemberRoleGiven(_chat.Community, _chat.Member, id, _chat.Member));
    }

    [Theory]
    [InlineData("", 0, 0L, "name is empty")]
    [InlineData("crew", 0x1000000, 0L, "colour is 16777216; 0 to 16777215 are allowed")]
    [InlineData("crew", -1, 0L, "colour is -1; 0 to 16777215 are allowed")]
    [InlineData(
        "crew",
        0,
        1L << 47,
        "permissions has the bits 140737488355328, which are not in use; all that are make 8866461766385663"
    )]
    public async Task A_role_out_of_bounds_is_refused_by_its_field(
        string name,
        int colour,
        long permissions,
        string error
    )
    {
        var refusal = await rules
            .Given(_chat.Given())
            .When(Crew with { Name = name, Colour = colour, Permissions = (Permission)permissions })
            .ThenRefused("invalid");
        Assert.Equal(error, Assert.Single(Assert.Single(refusal.Errors!).Value));
    }

    [Fact]
    public Task A_community_has_250_roles_at_most()
    {
        var roles = Enumerable
            .Range(1, Community.RolesMax - 1)
            .Select(object (_) => Create(Guid.CreateVersion7(), Permission.None));
        return rules.Given(_chat.Given([.. roles])).When(Crew).ThenRefused("too_many_roles");
    }

    [Fact]
    public Task A_role_changes_as_a_whole() =>
        rules
            .Given(WithCrew())
            .When(Change)
            .Then(
                new RoleChanged(
                    _chat.Community,
                    _guests,
                    _chat.Owner,
                    "regulars",
                    0xFF00FF,
                    Permission.None,
                    Hoisted: true,
                    Mentionable: true
                )
            );

    [Fact]
    public Task Changing_it_to_what_it_is_changes_nothing() => rules.Given(WithCrew(Change)).When(Change).ThenNothing();

    [Fact]
    public Task An_unknown_role_is_not_changed() =>
        rules.Given(WithCrew()).When(Change with { RoleId = Guid.CreateVersion7() }).ThenRefused("role_unknown");

    [Fact]
    public Task Members_change_only_roles_below_their_highest() =>
        rules.Given(WithCrew()).When(Change with { RoleId = _crew, MemberId = _chat.Member }).ThenRefused("role_above");

    [Fact]
    public Task A_permission_that_the_member_lacks_is_not_taken_from_a_role_either() =>
        rules
            .Given(WithCrew(Change with { Permissions = Permission.BanMembers }))
            .When(Change with { MemberId = _chat.Member })
            .ThenRefused("permission_missing");

    [Fact]
    public Task What_everyone_may_changes_for_every_member() =>
        rules
            .Given(_chat.Given(ChangeEveryone(Role.EveryonePermissions & ~Permission.SendMessages)))
            .When(_chat.Sent)
            .ThenRefused("permission_missing");

    [Fact]
    public Task Without_the_permission_to_see_channels_members_do_nothing_in_them() =>
        rules
            .Given(_chat.Given(ChangeEveryone(Role.EveryonePermissions & ~Permission.ViewChannel)))
            .When(_chat.Sent)
            .ThenRefused("permission_missing");

    [Fact]
    public Task A_role_moves_to_just_above_another() =>
        rules
            .Given(WithCrew())
            .When(new MoveRole(_chat.Community, _guests, _chat.Owner, _crew))
            .Then(new RoleMoved(_chat.Community, _guests, _chat.Owner, 2));

    [Fact]
    public Task Where_it_is_it_stays() =>
        rules.Given(WithCrew()).When(new MoveRole(_chat.Community, _crew, _chat.Owner, _guests)).ThenNothing();

    [Fact]
    public Task A_member_moves_no_role_above_the_own_one() =>
        rules
            .Given(WithCrew())
            .When(new MoveRole(_chat.Community, _guests, _chat.Member, _crew))
            .ThenRefused("role_above");

    [Fact]
    public Task The_role_of_everyone_cannot_be_moved() =>
        rules
            .Given(WithCrew())
            .When(new MoveRole(_chat.Community, _chat.Community, _chat.Owner, _crew))
            .ThenRefused("everyone_role");

    [Fact]
    public Task Nor_deleted() =>
        rules
            .Given(WithCrew())
            .When(new DeleteRole(_chat.Community, _chat.Community, _chat.Owner))
            .ThenRefused("everyone_role");

    [Fact]
    public Task Nor_given() =>
        rules.Given(WithCrew()).When(GiveCrew with { RoleId = _chat.Community }).ThenRefused("everyone_role");

    [Fact]
    public Task A_deleted_role_is_gone_for_all_who_had_it() =>
        rules
            .Given(WithCrew(new DeleteRole(_chat.Community, _crew, _chat.Owner), StrangerJoined))
            .When(new KickMember(_chat.Community, _chat.Stranger, _chat.Member, null))
            .ThenRefused("permission_missing");

    [Fact]
    public Task A_role_is_given_once() => rules.Given(WithCrew()).When(GiveCrew).ThenNothing();

    [Fact]
    public Task Only_a_member_is_given_a_role() =>
        rules.Given(WithCrew()).When(GiveCrew with { MemberId = _chat.Stranger }).ThenRefused("member_unknown");

    [Fact]
    public Task Members_give_themselves_no_higher_role() =>
        rules
            .Given(WithCrew(StrangerJoined, GiveCrew with { MemberId = _chat.Stranger, RoleId = _guests }))
            .When(GiveCrew with { MemberId = _chat.Member, ByMemberId = _chat.Member })
            .ThenRefused("role_above");

    [Fact]
    public Task A_role_is_taken_again() =>
        rules
            .Given(WithCrew())
            .When(TakeCrew)
            .Then(new MemberRoleTaken(_chat.Community, _chat.Member, _crew, _chat.Owner));

    [Fact]
    public Task And_taken_once() => rules.Given(WithCrew(TakeCrew)).When(TakeCrew).ThenNothing();

    [Fact]
    public Task Who_leaves_and_comes_back_has_no_roles() =>
        rules
            .Given(WithCrew(new LeaveCommunity(_chat.Community, _chat.Member), _chat.Joined))
            .When(GiveCrew)
            .Then(new MemberRoleGiven(_chat.Community, _chat.Member, _crew, _chat.Owner));

    [Fact]
    public Task A_moderator_kicks_who_has_a_lower_role() =>
        rules
            .Given(WithCrew(StrangerJoined))
            .When(new KickMember(_chat.Community, _chat.Stranger, _chat.Member, null))
            .Then(
                new MemberKicked(_chat.Community, _chat.Stranger, _chat.Member, null),
                new MemberLeft(_chat.Community, _chat.Stranger)
            );

    [Fact]
    public Task But_none_of_the_same_rank() =>
        rules
            .Given(WithCrew(StrangerJoined, GiveCrew with { MemberId = _chat.Stranger }))
            .When(new KickMember(_chat.Community, _chat.Stranger, _chat.Member, null))
            .ThenRefused("member_above");

    [Fact]
    public async Task With_the_permission_to_manage_messages_a_member_deletes_those_of_others()
    {
        var sent = _chat.Sent with { MemberId = _chat.Owner };
        var crew = Crew with { Permissions = Permission.ManageMessages };
        await rules
            .Given(_chat.Given(sent))
            .When(new DeleteMessage(_chat.Message, _chat.Member))
            .ThenRefused("permission_missing");
        await rules
            .Given(crew, GiveCrew)
            .When(new DeleteMessage(_chat.Message, _chat.Member))
            .Then(new MessageDeleted(_chat.Message, _chat.General, _chat.Member));
    }
}
