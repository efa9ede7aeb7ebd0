using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ObjectPool;
using Veza.EventStore;
using Wolverine.Runtime;
using Wolverine.Runtime.Handlers;

namespace Veza.Commands.Dispatching;

/// <summary>
/// The way to run a command from inside this process: calls the handler that Wolverine generated for it. Any thread
/// may send. What goes wrong by rule is a <see cref="Refusal"/>; a fault of the database comes as its exception.
/// </summary>
/// <param name="runtime">Started, and set up by <see cref="WolverineCommands.RunVezaCommands"/>.</param>
/// <param name="log">What is decided on and appended to.</param>
/// <param name="now">The clock; what handlers are given as the time of the command.</param>
public sealed class CommandBus(IWolverineRuntime runtime, IDecisionLog log, Func<DateTimeOffset> now)
{
    /// <summary>Idle contexts kept; as many commands as are usually under way at once, at about 1 KiB each.</summary>
    private const int ContextsKept = 512;

    /// <summary>Commands that meet on a stream take turns; streams share turns by their hash.</summary>
    private const int TurnStripes = 1024;

    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, TurnStripes).Select(_ => new SemaphoreSlim(1))];
    private readonly ObjectPool<CommandMessageContext> _contexts = new DefaultObjectPool<CommandMessageContext>(
        new ContextPolicy(runtime),
        ContextsKept
    );
    private readonly HandlerGraph _handlers = runtime.Services.GetRequiredService<HandlerGraph>();

    internal IDecisionLog Log => log;
    internal DateTimeOffset Now => now();

    /// <summary>
    /// Judges a command's texts and numbers by themselves, before costly work for it is begun; sending it does so
    /// again.
    /// </summary>
    /// <returns>Null when they are good.</returns>
    public Refusal? Shape<TCommand>(TCommand command)
        where TCommand : notnull =>
        runtime.Services.GetService<IValidator<TCommand>>() is { } validator
            ? CommandShape.Of(command, validator)
            : null;

    /// <summary>Runs a command.</summary>
    /// <param name="answer">
    /// Given again to a repeat of the same idempotency key; written as JSON. A handler's own <c>Answer</c> comes
    /// before it.
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

    /// <summary>Runs a command that follows from an event, and sees it through even when its node stops.</summary>
    /// <param name="commandId">Derived from the reaction and the event.</param>
    /// <exception cref="CommandRefusedException">The reaction did not foresee the refusal.</exception>
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

/// <summary>A command was refused whose result nobody waits for. Says why, and nothing the command holds.</summary>
public sealed class CommandRefusedException(Type command, Refusal refusal)
    : Exception($"{command.Name} was refused: {refusal.Code}: {refusal.Detail}")
{
    public Refusal Refusal { get; } = refusal;
}
