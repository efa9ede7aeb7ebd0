using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Live.Broadcasts;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>Opens a broadcast, which goes live when its source connects.</summary>
public sealed record CreateBroadcast(Guid BroadcastId, Guid OwnerId, string Title);

public sealed class CreateBroadcastValidator : AbstractValidator<CreateBroadcast>
{
    public CreateBroadcastValidator() => RuleFor(c => c.Title).MustBeLine(Broadcast.TitleMax);
}

public static class CreateBroadcastHandler
{
    public static Effect Handle(CreateBroadcast command) =>
        Effect.Start<Broadcast>(command.BroadcastId, new BroadcastCreated(command.BroadcastId, command.OwnerId, command.Title));
}
