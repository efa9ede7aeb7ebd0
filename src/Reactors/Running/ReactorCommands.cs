using System.Text;
using Veza.EventStore.Events;

namespace Veza.Reactors.Running;

/// <summary>Commands that follow from an event.</summary>
public static class ReactorCommands
{
    private static readonly HashSet<Type> Textless =
    [
        typeof(Guid),
        typeof(DateTimeOffset),
        typeof(DateOnly),
        typeof(TimeSpan),
    ];

    /// <summary>
    /// The same reactor to the same event always sends under the same id, so that the log lets it happen once.
    /// </summary>
    /// <param name="reactor">The reactor's name.</param>
    /// <param name="about">Tells the commands apart where one event leads to several.</param>
    /// <returns>A UUID of version 8, from SHA-256 over the event's id, the name and what it is about.</returns>
    public static Guid CommandId(string reactor, RecordedEvent e, Guid? about = null)
    {
        var name = Encoding.UTF8.GetByteCount(reactor);
        var input = new byte[16 + name + (about is null ? 0 : 16)];
        e.Id.TryWriteBytes(input, bigEndian: true, out _);
        Encoding.UTF8.GetBytes(reactor, input.AsSpan(16));
        about?.TryWriteBytes(input.AsSpan(16 + name), bigEndian: true, out _);
        return DerivedId.Of(input);
    }

    /// <exception cref="ArgumentException">A command of this type may hold somebody's text.</exception>
    internal static void ThrowIfText(Type command)
    {
        foreach (var property in command.GetProperties())
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (type.IsPrimitive || type.IsEnum || Textless.Contains(type))
                continue;
            throw new ArgumentException(
                $"{command.Name}.{property.Name} may hold a text, which would wait outside the log, where erasing an "
                    + "account does not reach it"
            );
        }
    }
}
