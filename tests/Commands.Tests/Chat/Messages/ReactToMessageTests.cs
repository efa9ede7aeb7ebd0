using Veza.Commands.Chat;
using Veza.Commands.Chat.Messages;
using Veza.Domain.Chat.Messages;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat.Messages;

public class ReactToMessageTests(Rules rules)
{
    private readonly ChatSetting _chat = new();

    [Fact]
    public Task A_member_reacts() =>
        rules
            .Given(_chat.Given(_chat.Sent))
            .When(_chat.Reacted("🔥"))
            .Then(new ReactionAdded(_chat.Message, _chat.General, _chat.Member, "🔥"));

    [Fact]
    public Task The_same_reaction_again_changes_nothing() =>
        rules.Given(_chat.Given(_chat.Sent, _chat.Reacted("🔥"))).When(_chat.Reacted("🔥")).ThenNothing();

    [Fact]
    public Task A_deleted_message_takes_no_reaction() =>
        rules
            .Given(_chat.Given(_chat.Sent, new DeleteMessage(_chat.Message, _chat.Member)))
            .When(_chat.Reacted("🔥"))
            .ThenRefused(ChatRefusals.MessageDeleted);

    [Fact]
    public Task A_stranger_may_not_react() =>
        rules
            .Given(_chat.Given(_chat.Sent))
            .When(_chat.Reacted("🔥", by: _chat.Stranger))
            .ThenRefused("permission_missing");

    [Theory]
    [InlineData("👩‍👩‍👧‍👦")]
    [InlineData("🇺🇾")]
    [InlineData("👍🏽")]
    [InlineData("❤️")]
    [InlineData("1️⃣")]
    public Task Composed_emoji_are_one_emoji(string emoji) =>
        rules
            .Given(_chat.Given(_chat.Sent))
            .When(_chat.Reacted(emoji))
            .Then(new ReactionAdded(_chat.Message, _chat.General, _chat.Member, emoji));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("🔥🔥")]
    [InlineData("fire")]
    public Task A_text_other_than_one_emoji_is_refused(string text) =>
        rules.Given(_chat.Given(_chat.Sent)).When(_chat.Reacted(text)).ThenRefused("invalid");
}
