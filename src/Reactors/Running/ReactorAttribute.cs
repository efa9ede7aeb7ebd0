using System.Reflection;
using Veza.EventStore.Coordination;
using Wolverine.Attributes;

namespace Veza.Reactors.Running;

/// <summary>Makes a class's handlers of <see cref="Appended{TEvent}"/> a reactor with its own queue.</summary>
/// <param name="name">
/// The versioned name of the queue and the checkpoint, such as <c>music.process_track.v1</c>. A new name begins at the
/// log's first event.
/// </param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReactorAttribute(string name) : StickyHandlerAttribute(name)
{
    /// <summary>Events handled at the same time on a node, 1 or more.</summary>
    public int AtOnceMax { get; set; } = 1;

    /// <summary>Attempts before a message becomes a dead letter, the first one included; 25 at most.</summary>
    public int AttemptsMax { get; set; } = Reactor.AttemptsMax;

    /// <summary>
    /// The longest wait before a message's next attempt, in seconds. The first wait is 1 s; each attempt doubles it.
    /// </summary>
    public int WaitSecondsMax { get; set; } = Reactor.WaitSecondsMax;

    /// <summary>Seconds that the queue pauses when most of its messages fail; 0 when it never pauses.</summary>
    public int RestSeconds { get; set; }
}

/// <summary>A reactor's name, handlers, events and settings.</summary>
/// <param name="Handler">The class with its handlers.</param>
/// <param name="Events">The types of the events that it handles.</param>
/// <param name="RestFor">The pause of a failing queue; zero when it never pauses.</param>
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
    /// With the waits about eight minutes in all. That outlasts a restart of a service that the reactor needs, and a
    /// poison event does not occupy a worker for hours.
    /// </summary>
    internal const int AttemptsMax = 10,
        WaitSecondsMax = 300;

    /// <summary>The address of its queue in Wolverine.</summary>
    public Uri Queue { get; } = new($"local://{Name}");

    /// <returns>The reactors of an assembly, in the order of their names.</returns>
    public static IReadOnlyList<Reactor> Of(Assembly assembly) =>
        [.. assembly.GetTypes().Select(Of).OfType<Reactor>().OrderBy(reactor => reactor.Name, StringComparer.Ordinal)];

    private static Reactor? Of(Type type)
    {
        if (type.GetCustomAttribute<ReactorAttribute>() is not { } settings)
            return null;
        var events = type.GetMethods()
            .Select(method => method.GetParameters() is [var message, ..] ? EventOf(message.ParameterType) : null)
            .OfType<Type>()
            .ToHashSet();
        var waitMax = TimeSpan.FromSeconds(settings.WaitSecondsMax);
        return new(
            settings.EndpointName,
            type,
            events,
            settings.AtOnceMax,
            new Retries(settings.AttemptsMax, TimeSpan.FromSeconds(1), waitMax),
            TimeSpan.FromSeconds(settings.RestSeconds)
        );
    }

    /// <returns>The event's type; null when the message is no <see cref="Appended{TEvent}"/>.</returns>
    internal static Type? EventOf(Type message) =>
        message.IsGenericType && message.GetGenericTypeDefinition() == typeof(Appended<>)
            ? message.GetGenericArguments()[0]
            : null;
}
