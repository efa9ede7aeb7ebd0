using Veza.Commands.Chat.Channels;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Domain.Chat.Channels;

namespace Veza.Commands.Tests.Chat;

/// <summary>A community with an owner, a member and a stranger, with new ids for every test.</summary>
internal sealed class ChatSetting
{
    public Guid Community { get; } = Guid.CreateVersion7();
    public Guid General { get; } = Guid.CreateVersion7();
    public Guid Owner { get; } = Guid.CreateVersion7();
    public Guid Member { get; } = Guid.CreateVersion7();
    public Guid Stranger { get; } = Guid.CreateVersion7();
    public Guid Message { get; } = Guid.CreateVersion7();

    public CreateCommunity Created => new(Community, General, Owner, "Vinyl diggers");
    public JoinCommunity Joined => new(Community, Member);

    public CreateChannel Channel(Guid id, ChannelKind kind = ChannelKind.Text, int slowModeSeconds = 0) =>
        new(id, Community, Owner, "slow", kind, null, slowModeSeconds);

    public SendMessage Sent => new(Message, General, Member, "hello", null);

    public ReactToMessage Reacted(string emoji, Guid? by = null) => new(Message, by ?? Member, emoji);

    public object[] Given(params object[] more) => [Created, Joined, .. more];
}
