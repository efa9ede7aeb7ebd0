using System.Reflection;
using Veza.EventStore.Coordination;
using Wolverine.Attributes;

namespace Veza.Reactors.Running;

/// <summary>Makes a class's handlers of <see cref="Appended{TEvent}"/> a reactor, with a queue of its own.</summary>
/// <param name="name">
/// Versioned: <c>music.process_track.v1</c>. It names the queue and the checkpoint; a new name begins at the log's
/// first event.
/// </param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReactorAttribute(string name) : StickyHandlerAttribute(name)
{
    /// <summary>Events worked on at the same time on a node, 1 or more.</summary>
    public int AtOnceMax { get; set; } = 1;

    /// <summary>Attempts before a message becomes a dead letter, the first one included; 25 at most.</summary>
    public int AttemptsMax { get; set; } = Reactor.AttemptsMax;

    /// <summary>
    /// Seconds that a message waits at most before its next attempt. The first wait is 1 s, then doubled.
    /// </summary>
    public int WaitSecondsMax { get; set; } = Reactor.WaitSecondsMax;

    /// <summary>Seconds that the queue rests when most of what it tries fails; 0: it never rests.</summary>
    public int RestSeconds { get; set; }
}

/// <summary>What is known of a reactor before it runs.</summary>
/// <param name="Handler">The class with its handlers.</param>
/// <param name="Events">The types of event it is told of.</param>
/// <param name="RestFor">Zero: its queue never rests.</param>
public sealed record Reactor(
    string Name,
    Type Handler,
    IReadOnlySet<Type> Events,
    int AtOnceMax,
    Retries Retries,
    TimeSpan RestFor
)
{
    /// <summary>
    /// With the waits some eight minutes in all: a restart of what the reactor needs is outlasted, and a poison event
    /// does not hold a place for hours.
    /// </summary>
    internal const int AttemptsMax = 10,
        WaitSecondsMax = 300;

    /// <summary>Of its queue in Wolverine.</summary>
    public Uri Queue { get; } = new($"local://{Name}");

    /// <returns>The reactors of a room, in the order of their names.</returns>
    public static IReadOnlyList<Reactor> Of(Assembly room) =>
        [.. room.GetTypes().Select(Of).OfType<Reactor>().OrderBy(reactor => reactor.Name, StringComparer.Ordinal)];

    private static Reactor? Of(Type type)
    {
        if (type.GetCustomAttribute<ReactorAttribute>() is not { } said)
            return null;
        var events = type.GetMethods()
            .Select(method => method.GetParameters() is [var message, ..] ? EventOf(message.ParameterType) : null)
            .OfType<Type>()
            .ToHashSet();
        var retries = new Retries(said.AttemptsMax, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(said.WaitSecondsMax));
        return new(said.EndpointName, type, events, said.AtOnceMax, retries, TimeSpan.FromSeconds(said.RestSeconds));
    }

    /// <returns>Null when it is no <see cref="Appended{TEvent}"/>.</returns>
    internal static Type? EventOf(Type message) =>
        message.IsGenericType && message.GetGenericTypeDefinition() == typeof(Appended<>)
            ? message.GetGenericArguments()[0]
            : null;
}
