using Veza.Commands.Chat.Reading;
using Veza.Domain.Chat.Reading;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat.Reading;

public class MarkChannelReadTests(Rules rules)
{
    private readonly ChatSetting _chat = new();

    [Fact]
    public async Task A_member_has_read_up_to_a_position()
    {
        var scenario = rules.Given(_chat.Given()).When(Read(7));
        await scenario.Then(new ChannelRead(_chat.General, _chat.Member, 7, scenario.Now));
    }

    [Fact]
    public Task The_same_position_again_changes_nothing() =>
        rules.Given(_chat.Given(Read(7))).When(Read(7)).ThenNothing();

    [Fact]
    public Task The_marker_never_moves_back() =>
        rules.Given(_chat.Given(Read(7), ReadMarker.MoveEvery)).When(Read(3)).ThenNothing();

    [Fact]
    public Task It_moves_once_in_its_time_however_much_is_read() =>
        rules.Given(_chat.Given(Read(7))).When(Read(8)).ThenRefused("read_too_fast");

    [Fact]
    public async Task And_on_after_that()
    {
        var scenario = rules.Given(_chat.Given(Read(7), ReadMarker.MoveEvery)).When(Read(8));
        await scenario.Then(new ChannelRead(_chat.General, _chat.Member, 8, rules.Now + ReadMarker.MoveEvery));
    }

    [Fact]
    public Task A_stranger_reads_nothing() =>
        rules
            .Given(_chat.Given())
            .When(new MarkChannelRead(_chat.General, _chat.Stranger, 7))
            .ThenRefused("permission_missing");

    [Fact]
    public Task There_is_no_position_before_the_log() =>
        rules.Given(_chat.Given()).When(Read(-1)).ThenRefused("invalid");

    private MarkChannelRead Read(long upTo) => new(_chat.General, _chat.Member, upTo);
}
