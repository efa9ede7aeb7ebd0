using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Channels;

/// <summary>
/// Creates a channel in a community, after the others of its category, with the category's overwrites.
/// </summary>
/// <param name="SlowModeSeconds">The least time between two messages of one member; 0 turns slow mode off.</param>
/// <param name="CategoryId">Null creates it in no category.</param>
/// <param name="Private">Hides it from all but its creator, and those who get an overwrite later.</param>
public sealed record CreateChannel(
    Guid ChannelId,
    Guid CommunityId,
    Guid MemberId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds,
    bool Nsfw = false,
    Guid? CategoryId = null,
    bool Private = false
);

public sealed class CreateChannelValidator : AbstractValidator<CreateChannel>
{
    public CreateChannelValidator()
    {
        RuleFor(c => c.Name).MustBeChannelName();
        RuleFor(c => c.Kind).IsInEnum();
        RuleFor(c => c.Topic).MustBeChannelTopic();
        RuleFor(c => c.SlowModeSeconds).MustBeSlowMode();
    }
}

public static class CreateChannelHandler
{
    public static Refusal? Validate(
        CreateChannel command,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        [ReadAggregate] Channel? category,
        DateTimeOffset now
    ) =>
        ChatRefusals.Unless(Permission.ManageChannels, member, community, now)
        ?? ChannelRules.Category(command.CategoryId, command.Kind, category, community)
        ?? (community.Channels >= Community.ChannelsMax ? ChatRefusals.TooManyChannels : null);

    public static IEnumerable<Effect> Handle(
        CreateChannel command,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        [ReadAggregate] Channel? category
    )
    {
        var place = ChannelPlace.Last(community.Places, command.CategoryId);
        return
        [
            Effect.Start<Channel>(command.ChannelId, [.. Begin(command, community, member!, category)]),
            // In the community's stream, so two channels created at the same time are counted one after the other.
            Effect.Append<Community>(
                community.Id,
                new ChannelCounted(community.Id, command.ChannelId),
                new ChannelPlaced(community.Id, command.ChannelId, place.CategoryId, place.Rank, command.MemberId)
            ),
        ];
    }

    private static IEnumerable<DomainEvent> Begin(
        CreateChannel command,
        Community community,
        Member member,
        Channel? category
    )
    {
        var overwrites = category is null ? [] : category.Overwrites.ToDictionary();
        if (command.Private)
            overwrites[community.Id] = Hiding(overwrites.GetValueOrDefault(community.Id));
        // Part of the channel's first event: no member learns of the channel before.
        var isHidden = overwrites.GetValueOrDefault(community.Id)?.Deny.HasFlag(Permission.ViewChannel) == true;
        var created = new ChannelCreated(
            command.ChannelId,
            command.CommunityId,
            command.Name,
            command.Kind,
            command.Topic,
            command.SlowModeSeconds,
            command.Nsfw,
            isHidden
        );
        yield return created;
        var channel = Channel.Create(created);
        foreach (var (target, overwrite) in overwrites.OrderBy(overwrite => overwrite.Key))
            if (channel.Overwrite(target) != overwrite)
                yield return Set(command, community, target, overwrite);
        channel = channel with { Overwrites = channel.Overwrites.SetItems(overwrites) };
        if (!Permissions.Of(member, community, now: default, channel).HasFlag(Permission.ViewChannel))
            yield return Set(command, community, member.Id, Overwrite.Shown);
    }

    private static OverwriteSet Set(CreateChannel command, Community community, Guid target, Overwrite overwrite) =>
        new(
            command.ChannelId,
            community.Id,
            target,
            community.Role(target) is null ? OverwriteTarget.Member : OverwriteTarget.Role,
            overwrite.Allow,
            overwrite.Deny,
            command.MemberId
        );

    private static Overwrite Hiding(Overwrite? former) =>
        former is null
            ? Overwrite.Hidden
            : new(former.Allow & ~Permission.ViewChannel, former.Deny | Permission.ViewChannel);
}
