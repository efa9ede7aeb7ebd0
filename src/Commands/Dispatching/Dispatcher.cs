using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using FluentValidation;
using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Models;

namespace Veza.Commands.Dispatching;

/// <summary>Runs a command: shape, models, may it, what happens, append. A version conflict drops the stale model and decides again.</summary>
/// <param name="now">The clock; what handlers are told as the time of the command.</param>
public sealed class Dispatcher(EventLog log, Limits limits, Func<DateTimeOffset> now)
{
    /// <summary>Times a command is decided anew after a version conflict. Within a node conflicting commands take turns, so only other nodes can use these up.</summary>
    public const int AttemptsMax = 16;
    private const int TurnStripes = 1024;

    public static readonly ActivitySource Traces = new("Veza.Commands");
    private static readonly Meter Meter = new("Veza.Commands");
    private static readonly Counter<long> Handled = Meter.CreateCounter<long>("veza.commands.handled", "{command}", "Commands answered, by name and outcome.");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("veza.commands.refused", "{command}", "Commands refused, by code.");
    private static readonly Counter<long> Conflicts = Meter.CreateCounter<long>("veza.commands.conflicts", "{conflict}", "Version conflicts met and decided again.");

    private static readonly Counter<long> Repeated = Meter.CreateCounter<long>("veza.commands.repeated", "{command}", "Commands sent again under a known id and answered as the first time.");
    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("veza.commands.duration", "s", "From a command's arrival to its answer, by name.");

    // A field is named to its sender as in JSON; FluentValidation would say "User Name" for userName.
    static Dispatcher() => ValidatorOptions.Global.DisplayNameResolver = (_, member, _) => member is null ? null : JsonNamingPolicy.CamelCase.ConvertName(member.Name);

    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, TurnStripes).Select(_ => new SemaphoreSlim(1))];
    private readonly ConcurrentDictionary<Type, IValidator?> _validators = new();

    /// <summary>Sends a command that follows from an event, and sees it through even when its node stops.</summary>
    /// <param name="commandId">Derived from the reaction and the event.</param>
    /// <exception cref="InvalidOperationException">It was refused, which the reaction did not foresee.</exception>
    public async Task FollowUpAsync<TCommand>(Guid commandId, TCommand command) where TCommand : notnull
    {
        if (await SendAsync(command, CommandContext.FollowUp(commandId), null, CancellationToken.None) is CommandResult.Refused { Refusal: var no })
            throw new InvalidOperationException($"{typeof(TCommand).Name} was refused: {no.Code}: {no.Detail}");
    }

    /// <param name="answer">Given again to a repeat of the same idempotency key; written as JSON. A handler's own <c>Answer</c> comes before it.</param>
    public async Task<CommandResult> SendAsync<TCommand>(TCommand command, CommandContext context, object? answer, CancellationToken ct) where TCommand : notnull
    {
        using var trace = Traces.StartActivity(typeof(TCommand).Name);
        var started = Stopwatch.GetTimestamp();
        var result = await DecideAsync(command, context, answer, ct);
        trace?.SetTag("veza.command_id", context.CommandId);
        if (result is CommandResult.Done done) trace?.SetTag("veza.position", done.Position);
        if (result is CommandResult.Refused no) Refused.Add(1, new KeyValuePair<string, object?>("code", no.Refusal.Code));
        Seconds.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("command", typeof(TCommand).Name));
        Handled.Add(1, new("command", typeof(TCommand).Name), new("outcome", result is CommandResult.Done ? "done" : "refused"));
        return result;
    }

    private async Task<CommandResult> DecideAsync<TCommand>(TCommand command, CommandContext context, object? answer, CancellationToken ct) where TCommand : notnull
    {
        if (Shape(command) is { } invalid) return new CommandResult.Refused(invalid);
        var plan = HandlerPlan.Of(typeof(TCommand));
        SemaphoreSlim? turn = null;
        try
        {
            for (var attempt = 1; attempt <= AttemptsMax; attempt++)
            {
                // Only a request with an idempotency key may have been answered before; any other id is new.
                if (context.Fingerprint is not null && await log.Reader.FindCommandAsync(context.CommandId, ct) is { } first) return Repeat(first, context);
                var decision = await DecideOnceAsync(plan, command, context, answer, ct);
                // A "no" or an "it is so already" that rests on models another node has changed since is no answer yet.
                if (decision.ChangesNothing) decision = await DecideAgainFreshAsync(plan, command, context, answer, ct);
                if (decision.Refusal is { } refusal)
                {
                    // The "no" may be owed to this very request, sent twice, whose other self was faster.
                    if (context.Fingerprint is not null && await log.Reader.FindCommandAsync(context.CommandId, ct) is { } twin) return Repeat(twin, context);
                    return new CommandResult.Refused(refusal);
                }
                if (decision.Request is not { } request) return decision.Unchanged!;
                switch (await AppendAsync(request))
                {
                    case AppendOutcome.Accepted accepted: return new CommandResult.Done(accepted.Version, accepted.Position, decision.Unchanged!.Answer);
                    case AppendOutcome.Duplicate first2: return Repeat(first2, context);
                    case AppendOutcome.NameTaken taken: return new CommandResult.Refused(Refusals.NameTaken(taken.Scope, taken.Name));
                    case AppendOutcome.VersionConflict conflict:
                        Conflicts.Add(1);
                        log.Models.Drop(conflict.StreamId);
                        if (turn is null) await (turn = _turns[(uint)conflict.StreamId.GetHashCode() % TurnStripes]).WaitAsync(ct);
                        break;
                }
            }
            return new CommandResult.Refused(Refusals.Contended(AttemptsMax));
        }
        catch (LogBusyException busy) { return new CommandResult.Refused(Refusals.LogBusy(busy.Message)); }
        catch (StorageFullException) { return new CommandResult.Refused(Refusals.StorageFull); }
        catch (OutcomeUnknownException unknown) { return new CommandResult.Refused(Refusals.OutcomeUnknown(unknown.Message)); }
        finally { turn?.Release(); }
    }

    private async Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        using var trace = Traces.StartActivity("append");
        return await log.Appender.AppendAsync(request);
    }

    private async Task<Decision> DecideAgainFreshAsync(HandlerPlan plan, object command, CommandContext context, object? answer, CancellationToken ct)
    {
        await log.CatchUpAsync(ct);
        return await DecideOnceAsync(plan, command, context, answer, ct);
    }

    private async ValueTask<Decision> DecideOnceAsync(HandlerPlan plan, object command, CommandContext context, object? answer, CancellationToken ct)
    {
        var (forks, head) = (log.Forks, log.Head);
        // Here and not in each handler: a request that began before its account was erased or suspended decides nothing after it.
        if (context.AccountId is { } caller
            && (await log.Models.LoadAsync(typeof(Account), caller, ct)).State is Account account
            && AccountRefusals.Out(account) is { } shutOut) return Decision.No(shutOut);
        var models = new object?[plan.Slots.Count];
        var versions = new Dictionary<Guid, Versioned>(plan.Slots.Count);
        var streams = new Guid?[plan.Slots.Count];
        for (var i = 0; i < plan.Slots.Count; i++)
        {
            var slot = plan.Slots[i];
            if (slot.IsMany)
            {
                models[i] = await LoadManyAsync(slot, slot.StreamIds(command, models), versions, ct);
                continue;
            }
            streams[i] = slot.StreamId(command, models);
            if (streams[i] is { } stream)
            {
                var loaded = await log.Models.LoadAsync(slot.Model, stream, ct);
                (models[i], versions[stream]) = (loaded.State, loaded);
            }
            if (models[i] is null && slot.Required) return Decision.No(Refusals.Unknown(EventTypes.SnakeCase(slot.Model.Name), streams[i] ?? Guid.Empty));
        }

        Versioned? written = plan.WriteSlot >= 0 && streams[plan.WriteSlot] is { } id ? versions[id] : null;
        if (context.ExpectedVersion is { } expected && written is not null && written.Version != expected) return Decision.No(Refusals.Stale(expected, written.Version));
        var moment = now();
        if (plan.Validate?.Invoke(command, models, moment) is { } refusal) return Decision.No(refusal);

        var (changes, names, erased) = Changes(plan, plan.Handle(command, models, moment), streams, versions);
        // From the very models of the decision, so that it tells what was decided, and is remembered with it.
        var told = plan.Answer?.Invoke(command, models, moment) is { } made ? JsonSerializer.SerializeToUtf8Bytes(made, log.Types.Json) : null;
        var unchanged = new CommandResult.Done(written?.Version ?? 0, written?.Position ?? head, told);
        if (changes.Count == 0 && names.Count == 0 && context.Fingerprint is null) return new(null, null, unchanged);
        return new(null, new AppendRequest(context.CommandId, changes, names, context.AccountId?.ToString("N"), context.Trace,
            context.Fingerprint is null ? null : told ?? (answer is null ? null : JsonSerializer.SerializeToUtf8Bytes(answer, log.Types.Json)), context.Fingerprint,
            (unchanged.Version, unchanged.Position), forks, erased.Count == 0 ? null : erased), unchanged);
    }

    /// <returns>An array of the slot's model: those that are there.</returns>
    private async ValueTask<Array> LoadManyAsync(ModelSlot slot, IReadOnlyCollection<Guid> streams, Dictionary<Guid, Versioned> versions, CancellationToken ct)
    {
        var found = new List<object>(streams.Count);
        foreach (var stream in streams)
        {
            var loaded = versions[stream] = await log.Models.LoadAsync(slot.Model, stream, ct);
            if (loaded.State is { } state) found.Add(state);
        }
        var models = Array.CreateInstance(slot.Model, found.Count);
        for (var i = 0; i < found.Count; i++) models.SetValue(found[i], i);
        return models;
    }

    private static (List<StreamChange> Changes, List<NameChange> Names, List<Guid> Erased) Changes(HandlerPlan plan, object? result, Guid?[] streams, Dictionary<Guid, Versioned> versions)
    {
        var changes = new List<StreamChange>();
        var names = new List<NameChange>();
        var erased = new List<Guid>();
        switch (result)
        {
            case null: break;
            case DomainEvent single: Write([single]); break;
            case IEnumerable<DomainEvent> events: Write([.. events]); break;
            case Effect effect: Add(effect); break;
            case IEnumerable<Effect> effects: foreach (var effect in effects) Add(effect); break;
            default: throw new InvalidOperationException($"{plan.Command.Name}Handler.Handle returned a {result.GetType().Name}; it may return events or effects");
        }
        return (changes, names, erased);

        void Write(DomainEvent[] events)
        {
            if (events.Length == 0) return;
            if (plan.WriteSlot < 0) throw new InvalidOperationException($"{plan.Command.Name}Handler.Handle returned events but has no [WriteModel]");
            var stream = streams[plan.WriteSlot]!.Value;
            changes.Add(new(stream, ModelFold.Of(plan.Slots[plan.WriteSlot].Model).StreamType, versions[stream].Version, events, versions[stream].Position));
        }

        void Add(Effect effect)
        {
            if (effect is Effect.AppendEvents append)
            {
                var at = append.IsNew ? null : versions.GetValueOrDefault(append.Id);
                changes.Add(new(append.Id, append.StreamType, at?.Version ?? 0, append.Events, at?.Position ?? 0));
            }
            else if (effect is Effect.DestroysKey key)
                erased.Add(key.Account);
            else if (effect is Effect.ChangeName name)
                names.Add(new(name.Scope, name.Name, name.Owner, name.Claimed));
        }
    }

    private static CommandResult Repeat(AppendOutcome.Duplicate first, CommandContext context)
    {
        Repeated.Add(1);
        return first.Fingerprint is { } stored && context.Fingerprint is { } fingerprint && !stored.AsSpan().SequenceEqual(fingerprint)
            && !(context.EarlierFingerprint is { } earlier && stored.AsSpan().SequenceEqual(earlier))
            ? new CommandResult.Refused(Refusals.IdempotencyKeyReused)
            : new CommandResult.Done(first.Version, first.Position, first.Answer);
    }

    /// <summary>
    /// Judges a command's texts and numbers by themselves, before costly work for it is begun; sending it does so
    /// again.
    /// </summary>
    /// <returns>Null when they are good.</returns>
    public Refusal? Shape<TCommand>(TCommand command)
    {
        var validator = (IValidator<TCommand>?)_validators.GetOrAdd(typeof(TCommand), type =>
            type.Assembly.GetType($"{type.FullName}Validator") is not { } found ? null
            : (IValidator)(found.GetConstructor([typeof(Limits)]) is { } configured ? configured.Invoke([limits]) : Activator.CreateInstance(found))!);
        if (validator?.Validate(command) is not { IsValid: false } result) return null;
        return Refusals.Invalid(result.Errors.GroupBy(e => JsonNamingPolicy.CamelCase.ConvertName(e.PropertyName))
            .ToDictionary(g => g.Key, g => g.Select(e => e.ErrorMessage).ToArray()));
    }

    private readonly record struct Decision(Refusal? Refusal, AppendRequest? Request, CommandResult.Done? Unchanged)
    {
        /// <summary>Nothing would be appended whose expected version tells that the models were stale.</summary>
        public bool ChangesNothing => Refusal is not null || Request is null or { Changes.Count: 0, Names.Count: 0 };

        public static Decision No(Refusal refusal) => new(refusal, null, null);
    }
}
