using Veza.Commands.Dispatching;
using Veza.EventStore.Concurrency;

namespace Veza.Api.Replay;

/// <summary>
/// How much those who read much of the log may take of this process at the same time. An answer holds a page of events
/// for as long as its client reads, and a slot of the database only while a page is being read.
/// </summary>
internal sealed class LogReaders : IAsyncDisposable
{
    /// <summary>Answers of the log that are open, each with a page of some hundred kilobytes: 20 MB in all.</summary>
    public const int AnswersMax = 64;

    /// <summary>Some notebooks and programs of one analyst, each with a replay or one that follows.</summary>
    public const int AnswersPerAccountMax = 8;

    /// <summary>Exports that are open, each with a page; whoever waits for more asks again.</summary>
    public const int ExportsMax = 32;

    /// <summary>An export looks at every event: one page at a time, or exporting keeps the database busy.</summary>
    public const int ExportPagesAtOnce = 1;

    /// <summary>Pages of the log read from the database at once; what follows the head reads from memory.</summary>
    public const int PagesAtOnce = 4;
    public const int PagesPerAccountAtOnce = 2;

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(10);

    private readonly FairSlots _answers = new(new("log_answers", AnswersMax, AnswersPerAccountMax, 0, 0));
    private readonly FairSlots _exports = new(new("exports", ExportsMax, 1, 0, 0));
    private readonly FairSlots _pages = new(
        new("log_pages", PagesAtOnce, PagesPerAccountAtOnce, AnswersPerAccountMax, AnswersMax)
    );
    private readonly FairSlots _exportPages = new(new("export_pages", ExportPagesAtOnce, 1, 0, ExportsMax));

    public static Refusal TooManyAnswers { get; } =
        new(
            "too_fast",
            RefusalKind.TooFast,
            $"an account reads {AnswersPerAccountMax} answers of the log at once, and a server gives {AnswersMax}"
        )
        {
            RetryAfter = AskAgainAfter,
        };

    public static Refusal TooManyExports { get; } =
        new("too_fast", RefusalKind.TooFast, $"an account takes one export at a time, and a server gives {ExportsMax}")
        {
            RetryAfter = AskAgainAfter,
        };

    /// <returns>Null when the account, or the process, has no more to give.</returns>
    public ValueTask<IDisposable?> TryAnswerAsync(Guid account, CancellationToken ct) =>
        _answers.TryEnterAsync(account, ct);

    /// <inheritdoc cref="TryAnswerAsync"/>
    public ValueTask<IDisposable?> TryExportAsync(Guid account, CancellationToken ct) =>
        _exports.TryEnterAsync(account, ct);

    /// <summary>Waits for a turn to read a page of the log, within an answer.</summary>
    public ValueTask<IDisposable> PageAsync(Guid account, CancellationToken ct) => TurnAsync(_pages, account, ct);

    /// <summary>Waits for a turn to read a page of an export.</summary>
    public ValueTask<IDisposable> ExportPageAsync(Guid account, CancellationToken ct) =>
        TurnAsync(_exportPages, account, ct);

    public async ValueTask DisposeAsync()
    {
        await _answers.DisposeAsync();
        await _exports.DisposeAsync();
        await _pages.DisposeAsync();
        await _exportPages.DisposeAsync();
    }

    private static async ValueTask<IDisposable> TurnAsync(FairSlots slots, Guid account, CancellationToken ct) =>
        await slots.TryEnterAsync(account, ct)
        // The queue has room for every answer that is open.
        ?? throw new InvalidOperationException($"the queue for {slots.Limits.Name} is full");
}
