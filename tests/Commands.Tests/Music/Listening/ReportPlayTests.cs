using Veza.Commands.Music.Listening;
using Veza.Domain.Music.Listening;
using Veza.Fixtures;
using static Veza.Commands.Tests.Music.Listening.ListeningSetting;

namespace Veza.Commands.Tests.Music.Listening;

public class ReportPlayTests(Rules rules)
{
    private readonly ListeningSetting _music = new(durationMs: 200_000);

    private Scenario Given(params object[] more) => rules.Given([_music.Uploaded, _music.Started, .. more]);

    [Fact]
    public Task A_report_is_kept() => Given(Seconds(10)).When(_music.Report(10_000)).Then(_music.Progressed(10_000));

    [Fact]
    public Task The_same_report_again_changes_nothing() =>
        Given(Seconds(10), _music.Report(10_000), Seconds(3)).When(_music.Report(10_000)).ThenNothing();

    [Fact]
    public Task Only_the_listener_may_report() =>
        Given(Seconds(10)).When(_music.Report(10_000, by: _music.Owner)).ThenRefused(ListeningRefusals.NotTheListener);

    [Fact]
    public Task An_unknown_play_takes_no_report() =>
        rules.Given(_music.Uploaded).When(_music.Report(0)).ThenRefused("play_unknown");

    [Fact]
    public Task An_ended_play_takes_no_more_reports() =>
        Given(Seconds(10), _music.Report(10_000, ended: true), Seconds(5))
            .When(_music.Report(12_000))
            .ThenRefused(ListeningRefusals.PlayEnded);

    [Fact]
    public Task The_last_report_of_an_ended_play_may_be_repeated() =>
        Given(Seconds(10), _music.Report(10_000, ended: true)).When(_music.Report(10_000, ended: true)).ThenNothing();

    [Fact]
    public Task The_heard_time_never_decreases() =>
        Given(Seconds(10), _music.Report(10_000), Seconds(5)).When(_music.Report(9_999)).ThenRefused("heard_backwards");

    [Fact]
    public Task The_position_may_go_back_and_forth() =>
        Given(Seconds(10), _music.Report(10_000), Seconds(5))
            .When(_music.Report(15_000, positionMs: 3_000))
            .Then(_music.Progressed(15_000) with { PositionMs = 3_000 });

    [Fact]
    public Task The_tolerance_is_two_seconds() =>
        Given(Seconds(10)).When(_music.Report(12_000)).Then(_music.Progressed(12_000));

    [Fact]
    public async Task The_heard_time_cannot_outrun_the_clock_since_the_play_began()
    {
        var refusal = await Given(Seconds(10)).When(_music.Report(12_001)).ThenRefused("heard_too_fast");
        Assert.Contains("12,001", refusal.Detail, StringComparison.Ordinal);
        Assert.Contains("12,000", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_report_that_the_network_held_up_does_not_make_the_next_one_too_fast() =>
        Given(Seconds(20), _music.Report(5_000), Seconds(1))
            .When(_music.Report(21_000))
            .Then(_music.Progressed(21_000));

    [Fact]
    public Task Tolerances_do_not_add_up() =>
        Given(Seconds(1), _music.Report(3_000), Seconds(1), _music.Report(4_000), Seconds(1))
            .When(_music.Report(5_001))
            .ThenRefused("heard_too_fast");

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, -1)]
    public Task Times_are_not_negative(long heardMs, long positionMs) =>
        Given(Seconds(10)).When(_music.Report(heardMs, positionMs)).ThenRefused("invalid");

    [Fact]
    public Task The_position_lies_within_the_track() =>
        Given(Seconds(10)).When(_music.Report(0, positionMs: 202_001)).ThenRefused("position_past_end");

    [Fact]
    public Task A_clock_that_was_set_back_takes_nothing_away() =>
        Given(Seconds(-60)).When(_music.Report(2_000)).Then(_music.Progressed(2_000));
}

public class CountingTests(Rules rules)
{
    private readonly ListeningSetting _music = new(durationMs: 200_000);

    private Scenario Given(params object[] more) => rules.Given([_music.Uploaded, _music.Started, .. more]);

    [Fact]
    public Task Thirty_seconds_of_a_long_track_count() =>
        Given(Seconds(30)).When(_music.Report(30_000)).Then(_music.Progressed(30_000), _music.Counted(30_000));

    [Fact]
    public Task A_moment_less_does_not_count() =>
        Given(Seconds(30)).When(_music.Report(29_999)).Then(_music.Progressed(29_999));

    [Fact]
    public Task Half_of_a_short_track_counts()
    {
        var brief = new ListeningSetting(durationMs: 20_001);
        return rules
            .Given(brief.Uploaded, brief.Started, Seconds(10))
            .When(brief.Report(10_001))
            .Then(brief.Progressed(10_001), brief.Counted(10_001));
    }

    [Fact]
    public Task Less_than_half_of_a_short_track_does_not_count()
    {
        var brief = new ListeningSetting(durationMs: 20_001);
        return rules
            .Given(brief.Uploaded, brief.Started, Seconds(10))
            .When(brief.Report(10_000))
            .Then(brief.Progressed(10_000));
    }

    [Fact]
    public Task A_counted_play_is_not_counted_again() =>
        Given(Seconds(40), _music.Report(40_000), Seconds(10))
            .When(_music.Report(50_000))
            .Then(_music.Progressed(50_000));

    [Fact]
    public Task Another_play_in_the_same_session_does_not_count()
    {
        var again = Guid.CreateVersion7();
        return Given(Seconds(40), _music.Report(40_000, ended: true), _music.Start(again), Seconds(40))
            .When(_music.Report(40_000, play: again))
            .Then(_music.Progressed(40_000, play: again));
    }

    [Fact]
    public Task A_play_in_another_session_counts()
    {
        var (again, session) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        return Given(
                Seconds(40),
                _music.Report(40_000, ended: true),
                _music.Start(again, session: session),
                Seconds(40)
            )
            .When(_music.Report(40_000, play: again))
            .Then(_music.Progressed(40_000, play: again), _music.Counted(40_000, play: again, session: session));
    }

    [Fact]
    public Task A_play_by_another_listener_counts()
    {
        var (other, listener) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        return Given(Seconds(40), _music.Report(40_000), _music.Start(other, listener), Seconds(40))
            .When(_music.Report(40_000, play: other, by: listener))
            .Then(
                _music.Progressed(40_000, play: other, listener: listener),
                _music.Counted(40_000, play: other, listener: listener)
            );
    }

    [Fact]
    public async Task The_answer_says_whether_this_play_is_the_counted_one()
    {
        Assert.False(await Counted(Given(Seconds(10)).When(_music.Report(10_000))));
        var setting = new ListeningSetting();
        object[] counted = [setting.Uploaded, setting.Started, Seconds(40)];
        Assert.True(await Counted(rules.Given(counted).When(setting.Report(40_000))));
    }

    [Fact]
    public async Task A_repeated_report_is_answered_alike() =>
        Assert.True(await Counted(Given(Seconds(40), _music.Report(40_000)).When(_music.Report(40_000))));

    [Fact]
    public async Task A_later_report_of_the_counted_play_says_so() =>
        Assert.True(await Counted(Given(Seconds(40), _music.Report(40_000), Seconds(10)).When(_music.Report(50_000))));

    [Fact]
    public async Task A_play_that_came_second_is_not_the_counted_one()
    {
        var again = Guid.CreateVersion7();
        Assert.False(
            await Counted(
                Given(Seconds(40), _music.Report(40_000, ended: true), _music.Start(again), Seconds(40))
                    .When(_music.Report(40_000, play: again))
            )
        );
    }

    private static async Task<bool> Counted(Scenario scenario) =>
        (await scenario.ThenAnswered()).GetProperty("counted").GetBoolean();
}
