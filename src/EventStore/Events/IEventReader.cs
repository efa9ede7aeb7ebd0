using Veza.EventStore.Personal;

namespace Veza.EventStore.Events;

/// <summary>Makes objects of the JSON of stored events.</summary>
/// <remarks>
/// <see cref="EventTypes"/> reads events as they are stored; <c>PersonalDataCipher</c> also decrypts what is personal.
/// Any thread may call it.
/// </remarks>
public interface IEventReader
{
    /// <inheritdoc cref="EventTypes.NameOf"/>
    string NameOf(string alias);

    /// <inheritdoc cref="EventTypes.Read"/>
    /// <param name="id">The event's: its personal texts are authenticated with it.</param>
    object? Read(string alias, ReadOnlySpan<byte> json, Guid id);
}
