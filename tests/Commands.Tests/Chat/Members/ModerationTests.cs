using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat.Members;

public class ModerationTests(Rules rules)
{
    private readonly ChatSetting _chat = new();

    private KickMember Kick => new(_chat.Community, _chat.Member, _chat.Owner, "spam");
    private BanMember Ban => new(_chat.Community, _chat.Member, _chat.Owner, "spam");
    private UnbanMember Unban => new(_chat.Community, _chat.Member, _chat.Owner);

    private object[] TimedOut => _chat.Given(_chat.Sent, TimeOut(TimeSpan.FromMinutes(5)));

    private MemberMessagesDeletionOrdered Ordered(int hours) =>
        new(_chat.Community, _chat.Member, _chat.Owner, rules.Now.AddHours(-hours));

    private TimeOutMember TimeOut(TimeSpan time) =>
        new(_chat.Community, _chat.Member, _chat.Owner, rules.Now + time, null);

    [Fact]
    public Task A_kicked_member_is_no_longer_a_member() =>
        rules
            .Given(_chat.Given())
            .When(Kick)
            .Then(
                new MemberKicked(_chat.Community, _chat.Member, _chat.Owner, "spam"),
                new MemberLeft(_chat.Community, _chat.Member)
            );

    [Fact]
    public Task And_may_join_again() =>
        rules.Given(_chat.Given(Kick)).When(_chat.Joined).Then(new MemberJoined(_chat.Community, _chat.Member));

    [Fact]
    public Task Kicking_again_changes_nothing() => rules.Given(_chat.Given(Kick)).When(Kick).ThenNothing();

    [Fact]
    public Task A_plain_member_cannot_kick() =>
        rules
            .Given(_chat.Given())
            .When(Kick with { ModeratorId = _chat.Member, MemberId = _chat.Stranger })
            .ThenRefused("permission_missing");

    [Fact]
    public Task The_owner_cannot_be_kicked() =>
        rules.Given(_chat.Given()).When(Kick with { MemberId = _chat.Owner }).ThenRefused("owner_protected");

    [Fact]
    public Task A_banned_member_is_no_longer_a_member() =>
        rules
            .Given(_chat.Given())
            .When(Ban)
            .Then(
                new MemberBanned(_chat.Community, _chat.Member, _chat.Owner, "spam"),
                new MemberLeft(_chat.Community, _chat.Member)
            );

    [Fact]
    public Task And_stays_out() => rules.Given(_chat.Given(Ban)).When(_chat.Joined).ThenRefused("banned");

    [Fact]
    public Task Until_the_ban_is_taken_back() =>
        rules.Given(_chat.Given(Ban, Unban)).When(_chat.Joined).Then(new MemberJoined(_chat.Community, _chat.Member));

    [Fact]
    public Task An_account_that_never_joined_can_be_banned_too() =>
        rules
            .Given(_chat.Given(Ban with { MemberId = _chat.Stranger }))
            .When(_chat.Joined with { MemberId = _chat.Stranger })
            .ThenRefused("banned");

    [Fact]
    public Task Banning_again_changes_nothing() => rules.Given(_chat.Given(Ban)).When(Ban).ThenNothing();

    [Theory]
    [InlineData(1)]
    [InlineData(Member.DeleteMessagesHoursMax)]
    public Task With_a_ban_recent_messages_go(int hours) =>
        rules
            .Given(_chat.Given())
            .When(Ban with { DeleteMessagesHours = hours })
            .Then(
                new MemberBanned(_chat.Community, _chat.Member, _chat.Owner, "spam"),
                Ordered(hours),
                new MemberLeft(_chat.Community, _chat.Member)
            );

    [Fact]
    public Task Or_stay_when_none_are_asked_for() =>
        rules
            .Given(_chat.Given())
            .When(Ban with { DeleteMessagesHours = 0 })
            .Then(
                new MemberBanned(_chat.Community, _chat.Member, _chat.Owner, "spam"),
                new MemberLeft(_chat.Community, _chat.Member)
            );

    [Theory]
    [InlineData(-1)]
    [InlineData(Member.DeleteMessagesHoursMax + 1)]
    public async Task No_more_than_a_week_goes_and_the_refusal_says_so(int hours)
    {
        var refusal = await rules
            .Given(_chat.Given())
            .When(Ban with { DeleteMessagesHours = hours })
            .ThenRefused("invalid");
        Assert.Equal(
            $"deleteMessagesHours is {hours}; 0 to 168 are allowed",
            Assert.Single(refusal.Errors!["deleteMessagesHours"])
        );
    }

    [Fact]
    public Task Messages_of_a_member_banned_earlier_can_be_deleted_too() =>
        rules.Given(_chat.Given(Ban)).When(Ban with { DeleteMessagesHours = 24 }).Then(Ordered(24));

    [Fact]
    public Task And_more_of_them() =>
        rules
            .Given(_chat.Given(Ban with { DeleteMessagesHours = 1 }))
            .When(Ban with { DeleteMessagesHours = 24 })
            .Then(Ordered(24));

    [Fact]
    public Task Asking_again_for_what_is_going_changes_nothing() =>
        rules
            .Given(_chat.Given(Ban with { DeleteMessagesHours = 24 }, TimeSpan.FromMinutes(1)))
            .When(Ban with { DeleteMessagesHours = 24 })
            .ThenNothing();

    [Fact]
    public Task A_ban_after_another_takes_what_was_sent_between_them() =>
        rules
            .Given(_chat.Given(Ban with { DeleteMessagesHours = 24 }, Unban))
            .When(Ban with { DeleteMessagesHours = 1 })
            .Then(new MemberBanned(_chat.Community, _chat.Member, _chat.Owner, "spam"), Ordered(1));

    [Fact]
    public Task A_plain_member_cannot_have_messages_deleted() =>
        rules
            .Given(_chat.Given(Ban))
            .When(Ban with { ModeratorId = _chat.Stranger, DeleteMessagesHours = 24 })
            .ThenRefused("permission_missing");

    [Fact]
    public Task A_message_goes_in_the_name_of_who_banned_its_author() =>
        rules
            .Given(_chat.Given(_chat.Sent, Ban))
            .When(new WithdrawMessage(_chat.Message, _chat.Owner))
            .Then(new MessageDeleted(_chat.Message, _chat.General, _chat.Owner));

    [Fact]
    public Task And_goes_once() =>
        rules
            .Given(_chat.Given(_chat.Sent, new DeleteMessage(_chat.Message, _chat.Member), Ban))
            .When(new WithdrawMessage(_chat.Message, _chat.Owner))
            .ThenNothing();

    /// <summary>The founder of a community can push a reason to any account, live, so it is bounded.</summary>
    [Theory]
    [InlineData("too long")]
    [InlineData("two\nlines")]
    public async Task A_reason_is_one_line_of_512_characters_at_most(string reason)
    {
        if (reason == "too long")
            reason = new('x', Member.ReasonMax + 1);
        await rules.Given(_chat.Given()).When(Ban with { Reason = reason }).ThenRefused("invalid");
        await rules.Given().When(Kick with { Reason = reason }).ThenRefused("invalid");
        await rules.Given().When(TimeOut(TimeSpan.FromMinutes(5)) with { Reason = reason }).ThenRefused("invalid");
    }

    [Fact]
    public Task A_timed_out_member_sends_no_message() =>
        rules.Given(TimedOut).When(_chat.Sent with { MessageId = Guid.CreateVersion7() }).ThenRefused("timed_out");

    [Fact]
    public Task And_reacts_to_nothing() => rules.Given(TimedOut).When(_chat.Reacted("🔥")).ThenRefused("timed_out");

    [Fact]
    public Task And_edits_nothing() =>
        rules.Given(TimedOut).When(new EditMessage(_chat.Message, _chat.Member, "other")).ThenRefused("timed_out");

    [Fact]
    public Task And_takes_nothing_back() =>
        rules.Given(TimedOut).When(new DeleteMessage(_chat.Message, _chat.Member)).ThenRefused("timed_out");

    [Fact]
    public Task Leaving_and_coming_back_ends_no_time_out() =>
        rules
            .Given(
                _chat.Given(
                    TimeOut(TimeSpan.FromMinutes(5)),
                    new LeaveCommunity(_chat.Community, _chat.Member),
                    _chat.Joined
                )
            )
            .When(_chat.Sent)
            .ThenRefused("timed_out");

    [Fact]
    public Task It_ends_by_itself() =>
        rules
            .Given(_chat.Given(TimeOut(TimeSpan.FromMinutes(5)), TimeSpan.FromMinutes(5)))
            .When(_chat.Sent)
            .Then(new MessageSent(_chat.Message, _chat.General, _chat.Member, "hello", null));

    [Fact]
    public Task Or_when_it_is_taken_back() =>
        rules
            .Given(
                _chat.Given(
                    TimeOut(TimeSpan.FromMinutes(5)),
                    new EndTimeOut(_chat.Community, _chat.Member, _chat.Owner)
                )
            )
            .When(_chat.Sent)
            .Then(new MessageSent(_chat.Message, _chat.General, _chat.Member, "hello", null));

    [Fact]
    public Task It_lasts_28_days_at_most() =>
        rules.Given(_chat.Given()).When(TimeOut(Member.TimeOutMax + TimeSpan.FromSeconds(1))).ThenRefused("invalid");

    [Fact]
    public Task It_begins_now() => rules.Given(_chat.Given()).When(TimeOut(TimeSpan.Zero)).ThenRefused("invalid");

    [Fact]
    public Task Only_a_member_can_be_timed_out() =>
        rules
            .Given(_chat.Given())
            .When(TimeOut(TimeSpan.FromMinutes(5)) with { MemberId = _chat.Stranger })
            .ThenRefused("member_unknown");
}
