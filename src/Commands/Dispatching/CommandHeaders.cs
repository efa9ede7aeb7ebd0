using Wolverine;

namespace Veza.Commands.Dispatching;

/// <summary>The headers of a command that travels over Wolverine's bus.</summary>
public static class CommandHeaders
{
    /// <summary>The command's id: however often its message is delivered, it happens once.</summary>
    public const string CommandId = "veza-command-id";

    /// <param name="commandId">Derived from the event that the command follows from.</param>
    public static DeliveryOptions With(Guid commandId) =>
        new DeliveryOptions().WithHeader(CommandId, commandId.ToString("D"));

    internal static CommandContext Of(Envelope envelope)
    {
        var isNamed = envelope.Headers.TryGetValue(CommandId, out var id);
        // An envelope that is delivered again keeps its id.
        return CommandContext.FollowUp(isNamed ? Guid.ParseExact(id!, "D") : envelope.Id);
    }
}
