using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Tests;

/// <summary>A handler with an ambiguous parameter is refused before any code is generated for it.</summary>
public class HandlerSignatureTests
{
    public sealed record Ordered(Guid ChannelId, Guid MemberId);

    public static class OrderedHandler
    {
        public static IEnumerable<Effect> Handle(
            Ordered command,
            Community community,
            Member? member,
            Channel channel
        ) => [];
    }

    [Fact]
    public void An_aggregate_is_loaded_after_those_its_id_comes_from()
    {
        var aggregates = HandlerSignature.Of(typeof(Ordered)).Aggregates;

        Assert.Equal(["channel", "community", "member"], aggregates.Select(a => a.Name));
    }

    public sealed record Named(Guid CommunityId, Guid ByMemberId);

    public static class NamedHandler
    {
        public static IEnumerable<Effect> Handle(
            Named command,
            [ReadAggregate("community.Id", nameof(Named.ByMemberId))] Member? member,
            Community community
        ) => [];
    }

    [Fact]
    public void A_key_may_name_properties_of_the_command_and_of_aggregates()
    {
        var member = HandlerSignature.Of(typeof(Named)).Aggregates[1];

        Assert.Equal(["Id", "ByMemberId"], member.Key.Select(part => part.Property.Name));
    }

    public sealed record Unnamed(Guid CommunityId, Guid ModeratorId);

    public static class UnnamedHandler
    {
        public static IEnumerable<Effect> Handle(Unnamed command, Member? moderator) => [];
    }

    public sealed record Ambiguous(Guid ChannelId, Guid OtherId, Guid MemberId);

    public static class AmbiguousHandler
    {
        public static IEnumerable<Effect> Handle(Ambiguous command, Channel channel, Channel other, Member? member) =>
            [];
    }

    public sealed record Lost(Guid ChannelId);

    public static class LostHandler
    {
        public static IEnumerable<Effect> Handle(Lost command, Member? member) => [];
    }

    public sealed record Torn(Guid ChannelId, Guid CommunityId);

    public static class TornHandler
    {
        public static IEnumerable<DomainEvent> Handle(
            Torn command,
            [WriteAggregate] Channel channel,
            [WriteAggregate] Community community
        ) => [];
    }

    public sealed record Homeless(Guid ChannelId);

    public static class HomelessHandler
    {
        public static IEnumerable<DomainEvent> Handle(Homeless command, Channel channel) => [];
    }

    public sealed record Odd(Guid ChannelId);

    public static class OddHandler
    {
        public static string Handle(Odd command) => "";
    }

    public sealed record Partial(Guid CommunityId);

    public static class PartialHandler
    {
        public static IEnumerable<Effect> Handle(
            Partial command,
            [ReadAggregate(nameof(Partial.CommunityId))] Member? member
        ) => [];
    }

    [Theory]
    [InlineData(typeof(Unnamed), "its name does not say which Member moderator is")]
    [InlineData(typeof(Ambiguous), "communityId of member could be of channel or other")]
    [InlineData(typeof(Lost), "neither the command nor another aggregate has the id of member")]
    [InlineData(typeof(Torn), "channel and community are [WriteAggregate]")]
    [InlineData(typeof(Homeless), "Handle returns events but has no [WriteAggregate]")]
    [InlineData(typeof(Odd), "Handle returns a String")]
    [InlineData(typeof(Partial), "the key of member has 1 parts; that of a Member has 2")]
    [InlineData(typeof(HandlerSignatureTests), "there is no HandlerSignatureTestsHandler")]
    public void An_ambiguous_parameter_is_an_error_that_names_it(Type command, string error)
    {
        var wrong = Assert.Throws<ArgumentException>(() => HandlerSignature.Of(command));

        Assert.Contains(error, wrong.Message, StringComparison.Ordinal);
    }
}
