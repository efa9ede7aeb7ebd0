using Veza.Commands.Dispatching;
using Veza.EventStore.Concurrency;

namespace Veza.Api.Replay;

/// <summary>
/// Bounds concurrent reads of the log in this process. An answer holds a page of events while its client reads, but a
/// slot of the database only while a page is being read.
/// </summary>
internal sealed class LogReaders : IAsyncDisposable
{
    /// <summary>Open answers of the log, each with a page of some hundred kilobytes: 20 MB in all.</summary>
    public const int AnswersMax = 64;

    /// <summary>Several notebooks and programs of one analyst, each with a replay or a follower.</summary>
    public const int AnswersPerAccountMax = 8;

    /// <summary>Open exports, each with a page; further ones are refused and ask again.</summary>
    public const int ExportsMax = 32;

    /// <summary>An export scans every event: one page at a time, or exports would keep the database busy.</summary>
    public const int ExportPagesAtOnce = 1;

    /// <summary>
    /// Pages of the log read from the database at the same time; followers at the head read from memory.
    /// </summary>
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

    /// <returns>Null when the account or the process has no free slot.</returns>
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
        // The queue has room for every open answer.
        ?? throw new InvalidOperationException($"the queue for {slots.Limits.Name} is full");
}
