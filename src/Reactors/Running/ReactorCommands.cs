using System.Security.Cryptography;
using System.Text;

namespace Veza.Reactors.Running;

/// <summary>The ids of reactors' commands, and the rule that a delayed command holds no text.</summary>
public static class ReactorCommands
{
    private static readonly HashSet<Type> TypesWithoutText =
    [
        typeof(Guid),
        typeof(DateTimeOffset),
        typeof(DateOnly),
        typeof(TimeSpan),
    ];

    /// <summary>
    /// A reactor's command for an event always has the same id, so the log accepts it once.
    /// </summary>
    /// <param name="reactor">The reactor's name.</param>
    /// <param name="about">Distinguishes the commands where one event leads to several.</param>
    /// <returns>A UUID of version 8, from SHA-256 over the event's id, the name and <paramref name="about"/>.</returns>
    public static Guid CommandId(string reactor, RecordedEvent e, Guid? about = null)
    {
        var name = Encoding.UTF8.GetByteCount(reactor);
        var input = new byte[16 + name + (about is null ? 0 : 16)];
        e.Id.TryWriteBytes(input, bigEndian: true, out _);
        Encoding.UTF8.GetBytes(reactor, input.AsSpan(16));
        about?.TryWriteBytes(input.AsSpan(16 + name), bigEndian: true, out _);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input, hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new(hash[..16], bigEndian: true);
    }

    /// <exception cref="ArgumentException">A command of this type may hold a person's text.</exception>
    internal static void ThrowIfText(Type command)
    {
        foreach (var property in command.GetProperties())
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (type.IsPrimitive || type.IsEnum || TypesWithoutText.Contains(type))
                continue;
            throw new ArgumentException(
                $"{command.Name}.{property.Name} may hold a text; it would wait in Wolverine's tables, "
                    + "which erasing an account does not reach"
            );
        }
    }
}
