using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat;

public static class ChatRefusals
{
    public static Refusal NotAllowed(Permission missing) => new("permission_missing", RefusalKind.NotAllowed, $"this needs the permission {missing}");
    public static readonly Refusal OwnerCannotLeave = new("owner_cannot_leave", RefusalKind.Conflict, "the owner of a community cannot leave it; transfer or delete it first");
    public static readonly Refusal MessageDeleted = new("message_deleted", RefusalKind.Unknown, "this message was deleted");
    public static readonly Refusal NotTheAuthor = new("not_the_author", RefusalKind.NotAllowed, "only its author may edit a message");
    public static readonly Refusal ReplyElsewhere = new("reply_elsewhere", RefusalKind.Invalid, "a reply belongs in the channel of the message it answers");
    public static readonly Refusal TooManyEmoji =
        new("too_many_emoji", RefusalKind.Conflict, $"a message takes at most {Domain.Chat.Messages.Message.EmojiMax} different emoji");
    public static Refusal SlowMode(TimeSpan wait) =>
        new("slow_mode", RefusalKind.TooFast, $"slow mode: wait {Math.Ceiling(wait.TotalSeconds)} s before the next message here") { RetryAfter = wait };

    public static Refusal ReadTooFast(TimeSpan wait) => new("read_too_fast", RefusalKind.TooFast,
        $"a read marker moves every {Domain.Chat.Reading.ReadMarker.MoveEvery.TotalSeconds} s; wait {Math.Ceiling(wait.TotalSeconds)} s and send the newest position") { RetryAfter = wait };

    /// <summary>Whether a member may do something here.</summary>
    public static Refusal? Unless(Permission has, Permission needed) => has.HasFlag(needed) ? null : NotAllowed(needed);
}
