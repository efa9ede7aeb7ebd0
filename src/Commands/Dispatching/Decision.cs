using System.Diagnostics;
using System.Text.Json;
using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Database;
using Wolverine.Runtime;
using Wolverine.Util;

namespace Veza.Commands.Dispatching;

/// <summary>
/// One command on its way through its generated handler: loads aggregates, takes what the handler decides, appends it.
/// </summary>
/// <remarks>
/// The handler's body is a round: <c>while (await decision.NextAsync()) { load; Validate; Handle; Answer; }</c>.
/// <see cref="NextAsync"/> appends what the round before decided, and asks for another when that cannot stand: a
/// version conflict drops the stale aggregate; a "no", or an "it is so already", that rests on cached aggregates is
/// decided once more after catching up with the log, so that another node's change is never the reason for a wrong
/// answer. One thread at a time uses it. It never throws for a refusal; a fault of the database passes through.
/// </remarks>
internal sealed class Decision : IDisposable
{
    /// <summary>
    /// Times a command is decided anew after a version conflict. Within a node conflicting commands take turns, so
    /// only other nodes can use these up.
    /// </summary>
    public const int AttemptsMax = 16;

    /// <summary>What a sender over the bus asks for that waits for the result.</summary>
    private static readonly string Answered = typeof(CommandResult).ToMessageTypeName();

    private readonly CommandBus _bus;
    private readonly Type _command;
    private readonly CommandContext _context;
    private readonly object? _answer;
    private readonly CancellationToken _ct;
    private readonly Activity? _trace;
    private readonly long _started = Stopwatch.GetTimestamp();
    private SemaphoreSlim? _turn;
    private CommandResult? _result;
    private int _attempts;
    private bool _isFresh;

    // Of the round.
    private readonly List<(Guid Stream, AggregateState Seen)> _seen = new(4);
    private List<StreamChange>? _changes;
    private List<UniqueNameClaim>? _names;
    private List<Guid>? _erased;
    private (string StreamType, Guid Stream, AggregateState Seen)? _written;
    private Refusal? _refusal;
    private object? _told;
    private int _generation;
    private long _head;

    private Decision(CommandBus bus, Type command, CommandContext context, object? answer, CancellationToken ct)
    {
        _bus = bus;
        _command = command;
        _context = context;
        _answer = answer;
        _ct = ct;
        _trace = CommandMetrics.Traces.StartActivity(command.Name);
    }

    /// <summary>The time of the command, asked for once in a round.</summary>
    public DateTimeOffset Now => _bus.Now;

    private bool ChangesNothing => _refusal is not null || (_changes is null && _names is null);

    /// <summary>Begins the decision of the context's message; one that came over the bus is a follow-up.</summary>
    public static Decision Begin(Type command, MessageContext context, CancellationToken ct)
    {
        if (context is CommandMessageContext { Bus: { } bus, Command: { } sent } own)
            return new(bus, command, sent, own.Answer, ct);
        bus = context.Runtime.Services.GetRequiredService<CommandBus>();
        return new(bus, command, CommandHeaders.Of(context.Envelope!), answer: null, ct);
    }

    /// <summary>Refuses a command of a wrong shape before anything is loaded.</summary>
    public void Check<TCommand>(IValidator<TCommand> validator, TCommand command)
    {
        if (CommandShape.Of(command, validator) is { } invalid)
            _result = new CommandResult.Refused(invalid);
    }

    /// <summary>Ends the round, if there was one.</summary>
    /// <returns>Whether another round is needed.</returns>
    public ValueTask<bool> NextAsync()
    {
        if (_result is not null)
            return new(false);
        // A command whose id is new needs nothing of the database before it is decided.
        if (_attempts > 0 || _context.Fingerprint is not null)
            return new(EndRoundAsync());
        BeginAttempt();
        return new(true);
    }

    /// <summary>
    /// Looks at the caller's own account, for every command: a request that began before its account was erased or
    /// suspended decides nothing after it.
    /// </summary>
    /// <returns>True, and the command is refused, when the account may decide nothing.</returns>
    public async ValueTask<bool> IsShutOutAsync() =>
        _context.AccountId is { } caller
        && await LoadAsync<Account>(caller) is { } account
        && IsRefused(AccountRefusals.Out(account));

    public ValueTask<TAggregate?> LoadAsync<TAggregate>(Guid? stream)
        where TAggregate : class
    {
        if (stream is not { } id)
            return default;
        // Asked for twice in a round, it is the same twice: what is decided on one is appended at its version.
        foreach (var (known, seen) in _seen)
            if (known == id && seen.State is null or TAggregate)
                return new((TAggregate?)seen.State);
        var loading = _bus.Log.LoadAsync(typeof(TAggregate), id, _ct);
        if (loading.IsCompletedSuccessfully)
            return new(Saw<TAggregate>(id, loading.Result));
        return LoadedAsync(this, id, loading);

        static async ValueTask<TAggregate?> LoadedAsync(
            Decision decision,
            Guid id,
            ValueTask<AggregateState> loading
        ) => decision.Saw<TAggregate>(id, await loading);
    }

    /// <returns>Those that are there.</returns>
    public async ValueTask<IReadOnlyList<TAggregate>> LoadManyAsync<TAggregate>(IReadOnlyCollection<Guid>? streams)
        where TAggregate : class
    {
        var found = new List<TAggregate>(streams?.Count ?? 0);
        foreach (var stream in streams ?? [])
            if (await LoadAsync<TAggregate>(stream) is { } aggregate)
                found.Add(aggregate);
        return found;
    }

    /// <returns>True, and the command is refused, when an aggregate that must be there is not.</returns>
    public bool IsMissing<TAggregate>(TAggregate? aggregate, Guid? stream)
        where TAggregate : class
    {
        if (aggregate is not null)
            return false;
        _refusal = Refusals.Unknown(AggregateFold.Of<TAggregate>().StreamType, stream ?? Guid.Empty);
        return true;
    }

    /// <summary>Says which of the loaded aggregates the handler's events are of.</summary>
    /// <returns>True, and the command is refused, when the caller expected another version.</returns>
    public bool IsStale<TAggregate>(Guid? stream)
    {
        if (stream is not { } id)
            return false;
        var seen = SeenOf(id)!;
        _written = (AggregateFold.Of<TAggregate>().StreamType, id, seen);
        if (_context.ExpectedVersion is not { } expected || seen.Version == expected)
            return false;
        _refusal = Refusals.Stale(expected, seen.Version);
        return true;
    }

    /// <returns>True when the round is over.</returns>
    public bool IsRefused(Refusal? refusal) => (_refusal = refusal) is not null;

    public void Take(DomainEvent? happened)
    {
        if (happened is not null)
            Take([happened]);
    }

    public void Take(IEnumerable<DomainEvent>? happened)
    {
        object[] events = [.. happened ?? []];
        if (events.Length == 0)
            return;
        if (_written is not var (type, stream, seen))
            throw new InvalidOperationException($"{_command.Name} has events, but no id of the aggregate they are of");
        (_changes ??= []).Add(new(stream, type, seen.Version, events, seen.Position));
    }

    public void Take(IEnumerable<Effect>? effects)
    {
        foreach (var effect in effects ?? [])
            Take(effect);
    }

    public void Take(Effect? effect)
    {
        switch (effect)
        {
            case Effect.AppendEvents append:
                var seen = append.IsNew ? null : SeenOf(append.Id);
                var (version, position) = seen is null ? (0, 0) : (seen.Version, seen.Position);
                (_changes ??= []).Add(new(append.Id, append.StreamType, version, append.Events, position));
                break;
            case Effect.ChangeName name:
                (_names ??= []).Add(new(name.Scope, name.Name, name.Owner, name.Claimed));
                break;
            case Effect.DestroysKey key:
                (_erased ??= []).Add(key.Account);
                break;
        }
    }

    /// <param name="told">What the handler wants its caller to be told.</param>
    public void Tell(object? told) => _told = told;

    /// <summary>Gives the result to whoever sent the command.</summary>
    /// <exception cref="CommandRefusedException">The command was refused, and nobody waits for its result.</exception>
    public Task EndAsync(MessageContext context)
    {
        var result = _result!;
        _trace?.SetTag("veza.command_id", _context.CommandId);
        if (result is CommandResult.Done done)
            _trace?.SetTag("veza.position", done.Position);
        CommandMetrics.Answered(_command, result, _started);
        if (context is CommandMessageContext own)
        {
            own.Result = result;
            return Task.CompletedTask;
        }
        if (context.Envelope!.ReplyRequested == Answered)
            return context.EnqueueCascadingAsync(result);
        if (result is CommandResult.Refused no)
            throw new CommandRefusedException(_command, no.Refusal);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _turn?.Release();
        _trace?.Dispose();
    }

    private async Task<bool> EndRoundAsync()
    {
        try
        {
            if (_attempts == 0)
                return await AttemptAsync();
            if (ChangesNothing && !_isFresh)
            {
                await _bus.Log.CatchUpAsync(_ct);
                _isFresh = true;
                BeginRound();
                return true;
            }
            // The "no" may be owed to this very request, sent twice, whose other self was faster.
            if (_refusal is { } refusal)
                return End(await FirstAnswerAsync() ?? new CommandResult.Refused(refusal));
            return await AppendAsync();
        }
        catch (LogBusyException busy)
        {
            return Refuse(Refusals.LogBusy(busy.Message));
        }
        catch (StorageFullException)
        {
            return Refuse(Refusals.StorageFull);
        }
        catch (OutcomeUnknownException unknown)
        {
            return Refuse(Refusals.OutcomeUnknown(unknown.Message));
        }
    }

    private async Task<bool> AppendAsync()
    {
        // Made from the very aggregates of the decision, so that it says what was decided, and is remembered with it.
        var told = Json(_told);
        var unchanged = new CommandResult.Done(_written?.Seen.Version ?? 0, _written?.Seen.Position ?? _head, told);
        if (ChangesNothing && _context.Fingerprint is null)
            return End(unchanged);
        var request = new AppendRequest(
            _context.CommandId,
            (IReadOnlyList<StreamChange>?)_changes ?? [],
            (IReadOnlyList<UniqueNameClaim>?)_names ?? [],
            _context.AccountId?.ToString("N"),
            _context.Trace,
            _context.Fingerprint is null ? null : told ?? Json(_answer),
            _context.Fingerprint,
            (unchanged.Version, unchanged.Position),
            _generation,
            _erased
        );
        AppendOutcome outcome;
        using (CommandMetrics.Traces.StartActivity("append"))
            outcome = await _bus.Log.AppendAsync(request);
        switch (outcome)
        {
            case AppendOutcome.Accepted(var version, var position, _):
                return End(new CommandResult.Done(version, position, told));
            case AppendOutcome.Duplicate first:
                return End(Repeat(first));
            case AppendOutcome.NameTaken taken:
                return Refuse(Refusals.NameTaken(taken.Scope, taken.Name));
            case AppendOutcome.VersionConflict conflict:
                CommandMetrics.Conflicts.Add(1);
                _bus.Log.Drop(conflict.StreamId);
                if (_turn is null)
                {
                    var turn = _bus.TurnOf(conflict.StreamId);
                    await turn.WaitAsync(_ct);
                    _turn = turn;
                }
                return await AttemptAsync();
            default:
                throw new UnreachableException();
        }
    }

    /// <returns>False when the command is answered without being decided.</returns>
    private async Task<bool> AttemptAsync()
    {
        if (_attempts == AttemptsMax)
            return Refuse(Refusals.Contended(AttemptsMax));
        if (await FirstAnswerAsync() is { } first)
            return End(first);
        BeginAttempt();
        return true;
    }

    /// <returns>What the same command was answered before; null when it is new.</returns>
    private async Task<CommandResult?> FirstAnswerAsync()
    {
        // Only a request with an idempotency key may have been answered before; any other id is new.
        if (_context.Fingerprint is null)
            return null;
        return await _bus.Log.FindCommandAsync(_context.CommandId, _ct) is { } first ? Repeat(first) : null;
    }

    private CommandResult Repeat(AppendOutcome.Duplicate first)
    {
        CommandMetrics.Repeated.Add(1);
        if (
            first.Fingerprint is null
            || _context.Fingerprint is null
            || IsSame(first.Fingerprint, _context.Fingerprint)
            || IsSame(first.Fingerprint, _context.EarlierFingerprint)
        )
            return new CommandResult.Done(first.Version, first.Position, first.Answer);
        return new CommandResult.Refused(Refusals.IdempotencyKeyReused);

        static bool IsSame(byte[] stored, byte[]? shown) => shown is not null && stored.AsSpan().SequenceEqual(shown);
    }

    private void BeginAttempt()
    {
        _attempts++;
        _isFresh = false;
        BeginRound();
    }

    private void BeginRound()
    {
        _seen.Clear();
        _changes = null;
        _names = null;
        _erased = null;
        _written = null;
        _refusal = null;
        _told = null;
        _generation = _bus.Log.HistoryGeneration;
        _head = _bus.Log.Head;
    }

    private byte[]? Json(object? answer) =>
        answer is null ? null : JsonSerializer.SerializeToUtf8Bytes(answer, _bus.Log.Types.Json);

    private bool Refuse(Refusal refusal) => End(new CommandResult.Refused(refusal));

    private bool End(CommandResult result)
    {
        _result = result;
        return false;
    }

    private TAggregate? Saw<TAggregate>(Guid stream, AggregateState seen)
        where TAggregate : class
    {
        _seen.Add((stream, seen));
        return (TAggregate?)seen.State;
    }

    private AggregateState? SeenOf(Guid stream)
    {
        foreach (var (known, seen) in _seen)
            if (known == stream)
                return seen;
        return null;
    }
}
