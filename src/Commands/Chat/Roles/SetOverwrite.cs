using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Roles;

/// <summary>Sets what a channel grants and denies a role or a member. The same again changes nothing.</summary>
public sealed record SetOverwrite(
    Guid ChannelId,
    Guid MemberId,
    OverwriteTarget Target,
    Guid TargetId,
    Permission Allow,
    Permission Deny
);

public sealed class SetOverwriteValidator : AbstractValidator<SetOverwrite>
{
    public SetOverwriteValidator()
    {
        RuleFor(c => c.Target).IsInEnum();
        RuleFor(c => c.Allow).MustBePermissions();
        RuleFor(c => c.Deny).MustBePermissions();
        RuleFor(c => c.Deny)
            .Must((command, deny) => (deny & command.Allow) == Permission.None)
            .WithMessage(c => $"{{PropertyName}} shares the bits {(long)(c.Deny & c.Allow)} with allow");
    }
}

public static class SetOverwriteHandler
{
    public static Refusal? Validate(
        SetOverwrite command,
        Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        [ReadAggregate("channel.CommunityId", nameof(SetOverwrite.TargetId))] Member? target,
        DateTimeOffset now
    )
    {
        var former = channel.Overwrite(command.TargetId);
        var next = new Overwrite(command.Allow, command.Deny);
        if (OverwriteRules.Validate(former, next, member, community, channel, now) is { } refusal)
            return refusal;
        var exists =
            command.Target == OverwriteTarget.Role
                ? community.Role(command.TargetId) is not null
                : target is { Present: true };
        if (!exists)
            return Refusals.Unknown(command.Target == OverwriteTarget.Role ? "role" : "member", command.TargetId);
        var isFull = former is null && channel.Overwrites.Count >= Channel.OverwritesMax;
        return isFull ? ChatRefusals.TooManyOverwrites : null;
    }

    public static IEnumerable<ChannelEvent> Handle(SetOverwrite command, [WriteAggregate] Channel channel)
    {
        if (channel.Overwrite(command.TargetId) != new Overwrite(command.Allow, command.Deny))
            yield return new OverwriteSet(
                channel.Id,
                channel.CommunityId,
                command.TargetId,
                command.Target,
                command.Allow,
                command.Deny,
                command.MemberId
            );
    }
}
