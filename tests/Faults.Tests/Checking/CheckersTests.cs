using System.Diagnostics;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Checking;

/// <summary>
/// For each promise, the smallest history that breaks it and one that does not. Times are ticks of an invented clock.
/// </summary>
public class CheckersTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly (Guid A, Guid B) Streams = (new(1, 0, 0, new byte[8]), new(2, 0, 0, new byte[8]));

    private readonly History _history = new();
    private readonly List<LogRow> _rows = [];
    private readonly List<NameRow> _names = [];
    private int _asked;

    [Fact]
    public void A_history_that_keeps_every_promise_is_found_to()
    {
        var first = Asked(at: 1, Streams.A, 0);
        Answered(first, at: 5, AnswerKind.Accepted, 1, 1);
        Stands(first, 1);
        // An unanswered command that is in the log, and a refused one that is not.
        Stands(Asked(at: 6, Streams.A, 1), 2);
        Answered(Asked(at: 7, Streams.A, 1), at: 9, AnswerKind.VersionConflict, version: 2, stream: Streams.A);
        _history.Saw(new Snapshot("reader", 2, 1, 2, 2, []));
        _history.Saw(new Sighting("reader", Live: false, _rows[0]));
        _history.Saw(new Sighting("reader", Live: false, _rows[1]));
        Broken();
    }

    [Fact]
    public void An_acknowledged_command_that_is_gone_is_found()
    {
        Answered(Asked(at: 1, Streams.A, 0), at: 2, AnswerKind.Accepted, 1, 1);
        Broken(Promises.AcknowledgedSurvives);
    }

    [Fact]
    public void An_acknowledged_command_whose_content_differs_is_found()
    {
        var call = Asked(at: 1, Streams.A, 0);
        Answered(call, at: 2, AnswerKind.Accepted, 1, 1);
        Stands(call, 1, body: """{"other":1}""");
        Broken(Promises.AcknowledgedSurvives, Promises.Atomic);
    }

    [Fact]
    public void A_refused_command_that_stands_in_the_log_is_found()
    {
        var call = Asked(at: 1, Streams.A, 0);
        Answered(call, at: 2, AnswerKind.Refused);
        Stands(call, 1);
        Broken(Promises.RefusedNeverAppears);
    }

    [Fact]
    public void A_command_that_no_caller_sent_is_found()
    {
        _rows.Add(new(1, Guid.CreateVersion7(), Streams.A, 1, "written", Guid.CreateVersion7(), Noon, "{}"));
        Broken(Promises.AtMostOnce);
    }

    [Fact]
    public void An_event_shown_otherwise_than_it_stands_is_found()
    {
        var call = Asked(at: 1, Streams.A, 0);
        Answered(call, at: 2, AnswerKind.Accepted, 1, 1);
        Stands(call, 1);
        _history.Saw(new Sighting("reader", Live: false, _rows[0] with { Body = _rows[0].Body + " " }));
        Broken(Promises.NeverChanges);
    }

    [Fact]
    public void An_event_shown_live_that_is_not_in_the_log_is_found()
    {
        var call = Asked(at: 1, Streams.A, 0);
        _history.Saw(
            new Sighting(
                "tail",
                Live: true,
                new(1, call.Ask.CommandId, Streams.A, 1, "written", call.Ask.CommandId, Noon, "{}")
            )
        );
        Broken(Promises.DurableBeforeSeen);
    }

    [Fact]
    public void A_version_written_twice_is_found()
    {
        Stands(Asked(at: 1, Streams.A, 0), 1);
        Stands(Asked(at: 2, Streams.A, 0), 2);
        Broken(Promises.ExpectedVersion);
    }

    [Fact]
    public void A_conflict_with_a_version_the_stream_had_left_before_is_found()
    {
        var first = Asked(at: 1, Streams.A, 0);
        Answered(first, at: 2, AnswerKind.Accepted, 1, 1);
        Stands(first, 1);
        Answered(Asked(at: 3, Streams.A, 1), at: 4, AnswerKind.VersionConflict, version: 0, stream: Streams.A);
        Broken(Promises.ExpectedVersion);
    }

    [Fact]
    public void A_conflict_with_a_version_the_stream_did_not_have_yet_is_found()
    {
        Answered(Asked(at: 1, Streams.A, 0), at: 2, AnswerKind.VersionConflict, version: 1, stream: Streams.A);
        Stands(Asked(at: 3, Streams.A, 0), 1);
        Broken(Promises.ExpectedVersion);
    }

    [Fact]
    public void A_command_asked_after_another_was_answered_but_standing_before_it_is_found()
    {
        var (first, second) = (Asked(at: 1, Streams.A, 0), Asked(at: 3, Streams.B, 0));
        Answered(first, at: 2, AnswerKind.Accepted, 1, 2);
        Stands(second, 1);
        Stands(first, 2);
        Broken(Promises.RealTimeOrder);
    }

    [Fact]
    public void A_command_torn_apart_is_found()
    {
        var torn = Asked(at: 1, Streams.A, 0, events: 2);
        Stands(torn, 1, step: 0);
        Stands(Asked(at: 1, Streams.B, 0), 2);
        Stands(torn, 3, step: 1);
        Broken(Promises.Atomic);
    }

    [Fact]
    public void A_command_of_which_a_part_is_missing_is_found()
    {
        Stands(Asked(at: 1, Streams.A, 0, events: 2), 1, step: 0);
        Broken(Promises.Atomic);
    }

    [Fact]
    public void A_repeat_that_is_answered_otherwise_is_found()
    {
        var first = Asked(at: 1, Streams.A, 0);
        Answered(first, at: 2, AnswerKind.Accepted, 1, 1);
        Stands(first, 1);
        var again = _history.Asked(first.Ask with { Number = 99, AskedAt = 3 });
        Answered(again, at: 4, AnswerKind.Repeated, 1, 7);
        Broken(Promises.AcknowledgedSurvives, Promises.Repeats);
    }

    [Fact]
    public void A_name_claimed_while_another_holds_it_is_found()
    {
        foreach (var (stream, position) in new[] { (Streams.A, 1L), (Streams.B, 2L) })
            Stands(Asked(at: 1, stream, 0, names: new AskedName("scope", "ada", stream, Claim: true)), position);
        _names.Add(new("scope", "ada", Streams.B));
        Broken(Promises.Names);
    }

    [Fact]
    public void A_name_refused_while_it_was_free_is_found()
    {
        Answered(
            Asked(at: 1, Streams.A, 0, names: new AskedName("scope", "ada", Streams.A, Claim: true)),
            at: 2,
            AnswerKind.NameTaken,
            detail: "scope/ada"
        );
        Broken(Promises.Names);
    }

    [Fact]
    public void A_time_that_goes_back_is_found()
    {
        Stands(Asked(at: 1, Streams.A, 0), 1);
        Stands(Asked(at: 1, Streams.B, 0), 2, at: Noon.AddTicks(-10));
        Broken(Promises.TimeNeverGoesBack);
    }

    [Fact]
    public void A_node_that_appends_again_only_after_more_than_ten_seconds_is_found()
    {
        var fault = _history.FaultEnded("fault", "node");
        var call = Asked(at: fault.EndedAt, Streams.A, 0);
        Answered(call, at: fault.EndedAt + (11 * Stopwatch.Frequency), AnswerKind.Accepted, 1, 1);
        Stands(call, 1);
        Broken(Promises.Progress);
    }

    private Call Asked(long at, Guid stream, long expected, int events = 1, params AskedName[] names)
    {
        var number = ++_asked;
        return _history.Asked(
            new Ask(
                "node",
                number,
                new(number, 7, 7, new byte[8]),
                [new(stream, expected, [.. Enumerable.Range(0, events).Select(step => Body(number, step))])],
                names,
                Repeatable: false,
                Remember: null,
                at
            )
        );
    }

    private static void Answered(
        Call call,
        long at,
        AnswerKind kind,
        long version = 0,
        long position = 0,
        Guid stream = default,
        string? detail = null
    ) => call.Answered(new(kind, version, position, stream, detail), at);

    /// <summary>Puts one of the command's events into the log.</summary>
    private void Stands(Call call, long position, int step = 0, string? body = null, DateTimeOffset? at = null)
    {
        var change = call.Ask.Changes[0];
        _rows.Add(
            new(
                position,
                step == 0 ? call.Ask.CommandId : new(call.Ask.Number, 7, (short)step, new byte[8]),
                change.Stream,
                change.Expected + step + 1,
                "written",
                call.Ask.CommandId,
                at ?? Noon,
                body ?? Body(call.Ask.Number, step)
            )
        );
    }

    private static string Body(int number, int step) => $$"""{"command":{{number}},"step":{{step}}}""";

    /// <summary>Asserts that exactly these promises are broken.</summary>
    private void Broken(params string[] promises) =>
        Assert.Equal(
            promises.Order(),
            Checkers.Check(_history, new(_rows, _names, _rows.Count)).Select(v => v.Promise).Distinct().Order()
        );
}
