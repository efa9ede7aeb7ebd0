namespace Veza.Realtime.Presence;

/// <summary>
/// A message to a watching device: changed statuses, typing, and topics it no longer watches. At least one list has an
/// entry.
/// </summary>
/// <param name="Closed">
/// Topics whose community the caller has left. All topics when the session has ended; then no message follows.
/// </param>
public sealed record PresenceMessage(
    IReadOnlyList<PresenceItem> Presence,
    IReadOnlyList<TypingItem> Typing,
    IReadOnlyList<string> Closed
);

public sealed record PresenceItem(Guid AccountId, PresenceStatus Status);

/// <param name="ExpiresInMs">Without another item within this time, the account has stopped typing.</param>
public sealed record TypingItem(Guid ChannelId, Guid AccountId, int ExpiresInMs);
