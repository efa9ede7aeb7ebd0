using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;

namespace Veza.Commands.Chat.Channels;

/// <summary>The rules that commands about channels share.</summary>
internal static class ChannelRules
{
    /// <returns>Null when a channel of this kind may be in the category, or there is none.</returns>
    public static Refusal? Category(Guid? categoryId, ChannelKind kind, Channel? category, Community community)
    {
        if (categoryId is not { } id)
            return null;
        if (category is not { Kind: ChannelKind.Category, Deleted: false } || category.CommunityId != community.Id)
            return Refusals.Unknown("category", id);
        return kind == ChannelKind.Category ? ChatRefusals.CategoryInCategory : null;
    }

    public static void MustBeChannelName<T>(this IRuleBuilder<T, string> rule) => rule.MustBeLine(Channel.NameMax);

    public static void MustBeChannelTopic<T>(this IRuleBuilder<T, string?> rule) =>
        rule.MustBeStorable().MaximumLength(Channel.TopicMax);

    public static void MustBeSlowMode<T>(this IRuleBuilder<T, int> rule) =>
        rule.InclusiveBetween(0, Channel.SlowModeSecondsMax);
}
