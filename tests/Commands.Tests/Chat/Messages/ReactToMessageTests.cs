using Veza.Commands.Chat;
using Veza.Commands.Chat.Messages;
using Veza.Domain.Chat.Messages;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat.Messages;

public class ReactToMessageTests(TestLog log)
{
    private readonly ChatSetting _chat = new();

    [Fact]
    public Task A_member_reacts() =>
        log.Given(_chat.Given(_chat.Sent)).When(_chat.Reacted("🔥")).Then(new ReactionAdded(_chat.Message, _chat.General, _chat.Member, "🔥"));

    [Fact]
    public Task The_same_reaction_again_changes_nothing() =>
        log.Given(_chat.Given(_chat.Sent, _chat.Reacted("🔥"))).When(_chat.Reacted("🔥")).ThenNothing();

    [Fact]
    public Task A_deleted_message_takes_no_reaction() =>
        log.Given(_chat.Given(_chat.Sent, new DeleteMessage(_chat.Message, _chat.Member))).When(_chat.Reacted("🔥")).ThenRefused(ChatRefusals.MessageDeleted);

    [Fact]
    public Task A_stranger_may_not_react() =>
        log.Given(_chat.Given(_chat.Sent)).When(_chat.Reacted("🔥", by: _chat.Stranger)).ThenRefused("permission_missing");

    [Theory]
    [InlineData("👩‍👩‍👧‍👦")]
    [InlineData("🇺🇾")]
    [InlineData("👍🏽")]
    [InlineData("❤️")]
    [InlineData("1️⃣")]
    public Task Composed_emoji_are_one_emoji(string emoji) =>
        log.Given(_chat.Given(_chat.Sent)).When(_chat.Reacted(emoji)).Then(new ReactionAdded(_chat.Message, _chat.General, _chat.Member, emoji));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("🔥🔥")]
    [InlineData("fire")]
    public Task What_is_not_one_emoji_is_refused(string text) =>
        log.Given(_chat.Given(_chat.Sent)).When(_chat.Reacted(text)).ThenRefused("invalid");
}
