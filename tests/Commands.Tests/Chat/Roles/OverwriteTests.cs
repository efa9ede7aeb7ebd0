using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Roles;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat.Roles;

public class OverwriteTests(Rules rules)
{
    private readonly ChatSetting _chat = new();

    private SetOverwrite Silence => Set(OverwriteTarget.Role, _chat.Community, 0, Permission.SendMessages);

    private SetOverwrite MayWrite => Set(OverwriteTarget.Member, _chat.Member, Permission.SendMessages, 0);

    private RemoveOverwrite Speak => new(_chat.General, _chat.Owner, _chat.Community);

    private SetOverwrite Set(OverwriteTarget target, Guid id, Permission allow, Permission deny) =>
        new(_chat.General, _chat.Owner, target, id, allow, deny);

    [Fact]
    public Task A_channel_denies_what_the_community_grants() =>
        rules.Given(_chat.Given(Silence)).When(_chat.Sent).ThenRefused("permission_missing");

    [Fact]
    public Task And_grants_it_to_one_member_again() =>
        rules
            .Given(_chat.Given(Silence, MayWrite))
            .When(_chat.Sent)
            .Then(new MessageSent(_chat.Message, _chat.General, _chat.Member, "hello", null));

    [Fact]
    public Task Setting_the_same_again_changes_nothing() =>
        rules.Given(_chat.Given(Silence)).When(Silence).ThenNothing();

    [Fact]
    public Task Setting_another_replaces_it() =>
        rules
            .Given(_chat.Given(Silence))
            .When(Silence with { Deny = Permission.AddReactions })
            .Then(
                new OverwriteSet(
                    _chat.General,
                    _chat.Community,
                    _chat.Community,
                    OverwriteTarget.Role,
                    Permission.None,
                    Permission.AddReactions,
                    _chat.Owner
                )
            );

    [Fact]
    public Task It_is_removed_again() =>
        rules
            .Given(_chat.Given(Silence))
            .When(Speak)
            .Then(new OverwriteRemoved(_chat.General, _chat.Community, _chat.Community, _chat.Owner));

    [Fact]
    public Task And_removed_once() => rules.Given(_chat.Given(Silence, Speak)).When(Speak).ThenNothing();

    [Fact]
    public Task A_plain_member_sets_none() =>
        rules.Given(_chat.Given()).When(MayWrite with { MemberId = _chat.Member }).ThenRefused("permission_missing");

    [Fact]
    public Task Nor_removes_one() =>
        rules
            .Given(_chat.Given(Silence))
            .When(Speak with { MemberId = _chat.Member })
            .ThenRefused("permission_missing");

    [Fact]
    public Task Who_manages_roles_changes_only_permissions_of_their_own()
    {
        var crew = Guid.CreateVersion7();
        return rules
            .Given(
                _chat.Given(
                    new CreateRole(_chat.Community, crew, _chat.Owner, "c", 0, Permission.ManageRoles, false, false),
                    new GiveRole(_chat.Community, _chat.Member, crew, _chat.Owner)
                )
            )
            .When(Set(OverwriteTarget.Role, crew, Permission.ManageMessages, 0) with { MemberId = _chat.Member })
            .ThenRefused("permission_missing");
    }

    [Fact]
    public Task A_role_that_is_unknown_gets_none() =>
        rules
            .Given(_chat.Given())
            .When(Set(OverwriteTarget.Role, Guid.CreateVersion7(), 0, Permission.SendMessages))
            .ThenRefused("role_unknown");

    [Fact]
    public Task Nor_does_an_account_that_is_no_member() =>
        rules
            .Given(_chat.Given())
            .When(Set(OverwriteTarget.Member, _chat.Stranger, 0, Permission.SendMessages))
            .ThenRefused("member_unknown");

    [Fact]
    public async Task What_it_grants_it_cannot_deny()
    {
        var refusal = await rules
            .Given(_chat.Given())
            .When(Silence with { Allow = Permission.SendMessages })
            .ThenRefused("invalid");
        Assert.Equal("deny shares the bits 2048 with allow", Assert.Single(refusal.Errors!["deny"]));
    }

    [Fact]
    public Task Who_may_not_see_a_channel_may_do_nothing_in_it() =>
        rules
            .Given(_chat.Given(Silence with { Deny = Permission.ViewChannel }))
            .When(_chat.Sent)
            .ThenRefused("permission_missing");

    [Fact]
    public async Task Who_may_not_read_the_history_writes_but_answers_nothing()
    {
        var first = _chat.Sent with { MessageId = Guid.CreateVersion7() };
        var unread = Silence with { Deny = Permission.ReadMessageHistory };
        await rules
            .Given(_chat.Given(first, unread))
            .When(_chat.Sent with { ReplyToId = first.MessageId })
            .ThenRefused("permission_missing");
        await rules
            .Given()
            .When(_chat.Sent)
            .Then(new MessageSent(_chat.Message, _chat.General, _chat.Member, "hello", null));
    }

    [Fact]
    public Task Who_joins_a_reaction_needs_no_permission_to_add_one()
    {
        var sent = _chat.Sent with { MemberId = _chat.Owner };
        return rules
            .Given(
                _chat.Given(
                    sent,
                    _chat.Reacted("🔥", _chat.Owner),
                    Set(OverwriteTarget.Role, _chat.Community, 0, Permission.AddReactions)
                )
            )
            .When(_chat.Reacted("🔥"))
            .Then(new ReactionAdded(_chat.Message, _chat.General, _chat.Member, "🔥"));
    }

    [Fact]
    public Task But_adds_none() =>
        rules
            .Given(_chat.Given(_chat.Sent, Set(OverwriteTarget.Role, _chat.Community, 0, Permission.AddReactions)))
            .When(_chat.Reacted("🔥"))
            .ThenRefused("permission_missing");
}
