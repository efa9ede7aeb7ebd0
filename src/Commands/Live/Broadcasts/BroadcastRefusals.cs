using Veza.Commands.Dispatching;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>The refusals of commands and requests about broadcasts.</summary>
public static class BroadcastRefusals
{
    public static readonly Refusal NotTheOwner = new(
        "not_the_owner",
        RefusalKind.NotAllowed,
        "only its owner, an operator or a moderator of the platform may stop a broadcast"
    );
    public static readonly Refusal TooMany = new(
        "too_many_broadcasts",
        RefusalKind.Conflict,
        $"this account has {Domain.Live.Broadcasts.Broadcast.OpenMax} open broadcasts; stop one first"
    );
    public static readonly Refusal Ended = new(
        "broadcast_ended",
        RefusalKind.Conflict,
        "this broadcast has ended; a new one needs a new id"
    );
    public static readonly Refusal NotLive = new(
        "broadcast_not_live",
        RefusalKind.Unknown,
        "no sound comes from this broadcast now"
    );
    public static readonly Refusal WebSocketRequired = new(
        "websocket_required",
        RefusalKind.Invalid,
        "a source of a broadcast connects here by WebSocket"
    );

    public static Refusal Full(int listenersMax) =>
        new(
            "broadcast_full",
            RefusalKind.Unavailable,
            $"{listenersMax} people listen already; MAX_LISTENERS_PER_STREAM allows no more"
        )
        {
            RetryAfter = TimeSpan.FromSeconds(10),
        };
}
