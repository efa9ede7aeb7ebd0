using Veza.Commands.Chat;
using Veza.Commands.Chat.Communities;
using Veza.Domain.Chat.Communities;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat;

public class ChatLimitTests(Rules rules)
{
    private readonly ChatSetting _chat = new();

    [Fact]
    public Task An_account_founds_no_more_communities_than_its_limit()
    {
        var counted = Enumerable
            .Range(0, Community.FoundedMax)
            .Select(_ => new CommunityCounted(_chat.Owner, Guid.CreateVersion7()));
        var founded = Happened.To<FoundedCommunities>(FoundedCommunities.StreamId(_chat.Owner), [.. counted]);
        return rules.Given(founded).When(_chat.Created).ThenRefused(ChatRefusals.TooManyCommunities);
    }

    [Fact]
    public async Task Founding_counts()
    {
        await rules.Given(_chat.Created).PlayAsync();
        Assert.Equal(
            [new CommunityCounted(_chat.Owner, _chat.Community)],
            rules.StreamOf(FoundedCommunities.StreamId(_chat.Owner))
        );
    }

    [Fact]
    public async Task A_community_takes_no_more_channels_than_its_limit()
    {
        await rules.Given(_chat.Created, _chat.Channel(Guid.CreateVersion7())).PlayAsync();
        var counted = Enumerable
            .Range(1, Community.ChannelsMax - 1)
            .Select(_ => new ChannelCounted(_chat.Community, Guid.CreateVersion7()));
        var full = Happened.To<Community>(_chat.Community, [.. counted]);
        await rules.Given(full).When(_chat.Channel(Guid.CreateVersion7())).ThenRefused(ChatRefusals.TooManyChannels);
    }
}
