using Veza.Commands.Dispatching;
using Veza.EventStore.Events;
using Wolverine;

namespace Veza.Reactors.Running;

/// <summary>Tells a reactor where an event stands in the log.</summary>
/// <remarks>
/// Wolverine keeps it in its tables, so it says where and never what: nothing personal leaves the log, where erasing an
/// account reaches it.
/// </remarks>
/// <typeparam name="TEvent">The event's type, which chooses the handler.</typeparam>
public sealed record Appended<TEvent>(long Position)
    where TEvent : class;

/// <summary>An event of the log, as a reactor's handler is given it.</summary>
/// <param name="Record">Where and when it was appended.</param>
/// <param name="Data">The event itself.</param>
/// <param name="Reactor">The name of who is given it.</param>
/// <param name="IsLastAttempt">If this attempt fails the message becomes a dead letter, for the operator.</param>
public sealed record AppendedEvent<TEvent>(RecordedEvent Record, TEvent Data, string Reactor, bool IsLastAttempt)
    where TEvent : class
{
    /// <summary>Whether a fault passes, so that it counts as no attempt.</summary>
    internal Func<Exception, bool> ComesBack { get; init; } = ReactorFailures.ComesBack;

    public long Position => Record.Position;

    /// <summary>The id of a command that follows from the event: however often it is sent, it happens once.</summary>
    /// <param name="about">Tells the commands apart where one event leads to several.</param>
    public Guid CommandId(Guid? about = null) => ReactorCommands.CommandId(Reactor, Record, about);

    /// <summary>
    /// A command that follows from the event at a time to come; a handler returns it. It survives restarts and happens
    /// once.
    /// </summary>
    /// <remarks>
    /// Until then it stands in Wolverine's tables, which erasing an account does not reach: it holds no text.
    /// </remarks>
    /// <param name="command">Of ids, numbers, times and the like.</param>
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
        fault is ReactorGivesUpException || (IsLastAttempt && !ComesBack(fault));
}

/// <summary>The event can never be dealt with: its message becomes a dead letter at once, with this reason.</summary>
public sealed class ReactorGivesUpException(string reason) : Exception(reason);
