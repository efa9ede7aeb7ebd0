using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ObjectPool;
using Veza.EventStore;
using Wolverine.Runtime;
using Wolverine.Runtime.Handlers;

namespace Veza.Commands.Dispatching;

/// <summary>
/// Runs a command in this process: calls the handler that Wolverine generated for it. Any thread may call it. It
/// returns an expected "no" as a <see cref="Refusal"/> and throws a fault of the database.
/// </summary>
/// <param name="runtime">Started, and set up by <see cref="WolverineCommands.RunVezaCommands"/>.</param>
/// <param name="log">Loads the aggregates and appends the events.</param>
/// <param name="now">The clock. Handlers get its time as the time of the command.</param>
public sealed class CommandBus(IWolverineRuntime runtime, IDecisionLog log, Func<DateTimeOffset> now)
{
    /// <summary>Idle contexts in the pool, of about 1 KiB: as many as commands usually run at the same time.</summary>
    private const int PooledContexts = 512;

    /// <summary>Commands that conflict on a stream take turns. Streams share the locks by their hash.</summary>
    private const int TurnStripes = 1024;

    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, TurnStripes).Select(_ => new SemaphoreSlim(1))];
    private readonly ObjectPool<CommandMessageContext> _contexts = new DefaultObjectPool<CommandMessageContext>(
        new ContextPolicy(runtime),
        PooledContexts
    );
    private readonly HandlerGraph _handlers = runtime.Services.GetRequiredService<HandlerGraph>();

    internal IDecisionLog Log => log;
    internal DateTimeOffset Now => now();

    /// <summary>
    /// Validates a command's texts and numbers alone, before costly work for it. <see cref="SendAsync"/> does so again.
    /// </summary>
    /// <returns>Null when they are valid.</returns>
    public Refusal? Shape<TCommand>(TCommand command)
        where TCommand : notnull =>
        runtime.Services.GetService<IValidator<TCommand>>() is { } validator
            ? CommandShape.Of(command, validator)
            : null;

    /// <summary>Runs a command.</summary>
    /// <param name="answer">
    /// The answer to repeats of the same idempotency key, stored as JSON. An <c>Answer</c> of the handler replaces it.
    /// </param>
    public async Task<CommandResult> SendAsync<TCommand>(
        TCommand command,
        CommandContext context,
        object? answer,
        CancellationToken ct
    )
        where TCommand : notnull
    {
        var handler = _handlers.HandlerFor(command.GetType())
            ?? throw new ArgumentException(
                $"{command.GetType().Name} has no generated handler; ./veza codegen makes it"
            );
        var sending = _contexts.Get();
        sending.Begin(this, command, context, answer);
        try
        {
            await handler.HandleAsync(sending, ct);
            return sending.Result!;
        }
        finally
        {
            _contexts.Return(sending);
        }
    }

    /// <summary>Runs a reactor's command, and completes it even when its node begins to stop.</summary>
    /// <param name="commandId">Derived from the reactor and the event.</param>
    /// <exception cref="CommandRefusedException">The reactor did not expect the refusal.</exception>
    public async Task FollowUpAsync<TCommand>(Guid commandId, TCommand command)
        where TCommand : notnull
    {
        var result = await SendAsync(command, CommandContext.FollowUp(commandId), null, CancellationToken.None);
        if (result is CommandResult.Refused no)
            throw new CommandRefusedException(typeof(TCommand), no.Refusal);
    }

    internal SemaphoreSlim TurnOf(Guid stream) => _turns[(uint)stream.GetHashCode() % TurnStripes];

    private sealed class ContextPolicy(IWolverineRuntime runtime) : IPooledObjectPolicy<CommandMessageContext>
    {
        public CommandMessageContext Create() => new(runtime);

        public bool Return(CommandMessageContext context)
        {
            context.End();
            return true;
        }
    }
}

/// <summary>
/// A command was refused whose sender does not wait for a result. The message says why and quotes nothing of the
/// command.
/// </summary>
public sealed class CommandRefusedException(Type command, Refusal refusal)
    : Exception($"{command.Name} was refused: {refusal.Code}: {refusal.Detail}")
{
    public Refusal Refusal { get; } = refusal;
}
