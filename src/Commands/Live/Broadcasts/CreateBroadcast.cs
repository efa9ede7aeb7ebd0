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
    public static Refusal? Validate(CreateBroadcast command, IReadOnlyList<Broadcast> broadcasts) =>
        broadcasts.Count(b => b.Status != BroadcastStatus.Ended) >= Broadcast.OpenMax
            ? BroadcastRefusals.TooMany
            : null;

    public static IEnumerable<Effect> Handle(
        CreateBroadcast command,
        [ReadAggregate] OpenBroadcasts? open,
        IReadOnlyList<Broadcast> broadcasts
    )
    {
        var ended = broadcasts.Where(b => b.Status == BroadcastStatus.Ended).Select(b => b.Id);
        yield return Effect.Start<Broadcast>(
            command.BroadcastId,
            new BroadcastCreated(command.BroadcastId, command.OwnerId, command.Title)
        );
        // Each account has one stream, so two broadcasts created at the same time are counted one after the other.
        yield return Effect.Append<OpenBroadcasts>(
            OpenBroadcasts.StreamId(command.OwnerId),
            new BroadcastCounted(command.OwnerId, command.BroadcastId, [.. ended])
        );
    }
}
