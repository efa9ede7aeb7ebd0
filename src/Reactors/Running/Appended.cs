using Veza.Commands.Dispatching;
using Veza.EventStore.Events;
using Wolverine;

namespace Veza.Reactors.Running;

/// <summary>A reactor's message: the position of an event in the log.</summary>
/// <remarks>
/// Wolverine stores it in its tables, so it holds the position and never the event. Personal data stays in the log,
/// where erasing an account reaches it.
/// </remarks>
/// <typeparam name="TEvent">The event's type, which chooses the handler.</typeparam>
public sealed record Appended<TEvent>(long Position)
    where TEvent : class;

/// <summary>An event of the log, as a reactor's handler gets it.</summary>
/// <param name="Record">The event with its position, stream and time.</param>
/// <param name="Data">The event itself.</param>
/// <param name="Reactor">The reactor's name.</param>
/// <param name="IsLastAttempt">Whether the message becomes a dead letter if this attempt fails.</param>
public sealed record AppendedEvent<TEvent>(RecordedEvent Record, TEvent Data, string Reactor, bool IsLastAttempt)
    where TEvent : class
{
    /// <summary>Whether a fault is transient and counts as no attempt.</summary>
    internal Func<Exception, bool> IsTransient { get; init; } = ReactorFailures.IsTransient;

    public long Position => Record.Position;

    /// <summary>The id of the reactor's command for the event: however often it is sent, it happens once.</summary>
    /// <param name="about">Distinguishes the commands where one event leads to several.</param>
    public Guid CommandId(Guid? about = null) => ReactorCommands.CommandId(Reactor, Record, about);

    /// <summary>
    /// A command that a handler returns to run at a later time. It survives restarts and happens once.
    /// </summary>
    /// <remarks>
    /// It waits in Wolverine's tables, which erasing an account does not reach. So it must not hold a text.
    /// </remarks>
    /// <param name="command">A command of ids, numbers and times.</param>
    /// <exception cref="ArgumentException">The command may hold a text.</exception>
    public DeliveryMessage<TCommand> FollowUpAt<TCommand>(DateTimeOffset time, TCommand command, Guid? about = null)
        where TCommand : notnull
    {
        ReactorCommands.ThrowIfText(typeof(TCommand));
        var delivery = CommandHeaders.With(CommandId(about));
        delivery.ScheduledTime = time;
        return new(command, delivery);
    }

    /// <summary>Whether the message becomes a dead letter when its handler throws this.</summary>
    public bool IsGivenUpAfter(Exception fault) =>
        fault is ReactorGivesUpException || (IsLastAttempt && !IsTransient(fault));
}

/// <summary>The reactor can never handle the event: its message becomes a dead letter now, with this reason.</summary>
public sealed class ReactorGivesUpException(string reason) : Exception(reason);
