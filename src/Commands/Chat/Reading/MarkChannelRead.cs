using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Reading;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Reading;

/// <summary>
/// Moves a member's read marker in a channel. It never moves back: a position at or below it changes nothing.
/// </summary>
public sealed record MarkChannelRead(Guid ChannelId, Guid MemberId, long UpTo);

public sealed class MarkChannelReadValidator : AbstractValidator<MarkChannelRead>
{
    public MarkChannelReadValidator() => RuleFor(c => c.UpTo).GreaterThanOrEqualTo(0);
}

public static class MarkChannelReadHandler
{
    public static Refusal? Validate(
        MarkChannelRead command,
        [ReadAggregate] Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        ReadMarker? marker,
        DateTimeOffset now
    )
    {
        if (ChatRefusals.Unless(Permission.ViewChannel, member, community, now, channel) is { } refusal)
            return refusal;
        if (marker is null || command.UpTo <= marker.UpTo)
            return null;
        var wait = marker.At + ReadMarker.MoveEvery - now;
        return wait > TimeSpan.Zero ? ChatRefusals.ReadTooFast(wait) : null;
    }

    public static IEnumerable<ReadingEvent> Handle(
        MarkChannelRead command,
        [WriteAggregate] ReadMarker? marker,
        DateTimeOffset now
    )
    {
        if (command.UpTo > (marker?.UpTo ?? 0))
            yield return new ChannelRead(command.ChannelId, command.MemberId, command.UpTo, now);
    }
}
