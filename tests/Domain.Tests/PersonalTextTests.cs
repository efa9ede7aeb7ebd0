using System.Reflection;
using Veza.EventStore.Aggregates;
using Veza.Fixtures;

namespace Veza.Domain.Tests;

/// <summary>
/// Erasing an account erases each of its texts. A text is therefore <see cref="PersonalAttribute">personal</see>, or
/// listed here with the reason why it stays.
/// </summary>
public class PersonalTextTests
{
    /// <summary>
    /// Texts in events and in aggregates, whose snapshots are stored too, that outlive their author's account, and why.
    /// </summary>
    private static readonly Dictionary<string, string> NotPersonal = new()
    {
        ["Account.KnownNetworks"] = Keyed,
        ["SignedIn.NetworkHash"] = Keyed,
        ["Account.Reset.TokenHash"] = Hash,
        ["PasswordResetIssued.TokenHash"] = Hash,
        ["ApiKeyCreated.KeyHash"] = Hash,
        ["Session.RefreshTokenHash"] = Hash,
        ["SessionRefreshed.RefreshTokenHash"] = Hash,
        ["SessionStarted.RefreshTokenHash"] = Hash,
        ["TrackUploaded.Sha256"] = "a hash of a file, which goes with its owner",
        ["Account.Roles"] = Code,
        ["RoleGranted.Role"] = Code,
        ["ApiKeyCreated.Scopes"] = Code,
        ["Session.Scopes"] = Code,
        ["SessionEnded.Reason"] = Code,
        ["OperatorActed.Act"] = Code,
        ["OperatorActed.Subject"] = Code,
        ["BroadcastEnded.Reason"] = Code,
        ["BroadcastInterrupted.Reason"] = Code,
        ["BroadcastStarted.ContentType"] = Code,
        ["TrackProcessed.Renditions.Format"] = Code,
        ["TrackProcessed.Waveforms.Level"] = Code,
        ["TrackUploaded.Codec"] = Code,
        ["TrackUploaded.Container"] = Code,
        ["TrackProcessingFailed.Reason"] = "what a program said of a file, not what anybody wrote",
        ["ReactionAdded.Emoji"] = Emoji,
        ["ReactionRemoved.Emoji"] = Emoji,
        ["Message.Reactions.Emoji"] = Emoji,
        ["Channel.Name"] = Community,
        ["Channel.Topic"] = Community,
        ["ChannelChanged.Name"] = Community,
        ["ChannelChanged.Topic"] = Community,
        ["ChannelCreated.Name"] = Community,
        ["ChannelCreated.Topic"] = Community,
        ["CommunityCreated.Name"] = Community,
        ["Community.Roles.Name"] = Community,
        ["RoleChanged.Name"] = Community,
        ["RoleCreated.Name"] = Community,
    };

    private const string Hash = "a hash of something random, which opens nothing any longer";
    private const string Keyed =
        "a hash under a key of the servers', which recognises the same network and reveals nothing else";
    private const string Code = "one of a few words that the platform chooses";
    private const string Emoji = "one emoji, of those that everybody has";
    private const string Community =
        "what a community calls itself and its rooms: it is its members', and stays when one of them goes: "
        + "decision 0053";

    [Fact]
    public void A_text_in_an_event_or_an_aggregate_is_personal_or_listed_with_the_reason_why_not()
    {
        var texts = TestLog
            .EventTypes.All.Concat(typeof(DomainEvent).Assembly.GetTypes().Where(AggregateFold.IsAggregate))
            .SelectMany(t => TextsIn(t, t.Name))
            .ToList();
        Assert.Contains(("MessageSent.Text", true), texts);
        Assert.Contains(("Message.Text", true), texts);
        var open = texts.Where(t => !t.IsPersonal).Select(t => t.Name).ToHashSet();
        var undecided = open.Except(NotPersonal.Keys).Order(StringComparer.Ordinal).ToList();
        Assert.True(
            undecided.Count == 0,
            $"{string.Join(", ", undecided)}: whose text is it? Mark it [Personal] with its owner, or list it "
                + "here with the reason why it is not personal"
        );
        Assert.Equal([], NotPersonal.Keys.Except(open));
    }

    private static IEnumerable<(string Name, bool IsPersonal)> TextsIn(Type type, string path)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite))
        {
            var name = $"{path}.{property.Name}";
            foreach (var held in HeldBy(property.PropertyType))
                if (held == typeof(string))
                    yield return (
                        name,
                        property.PropertyType == typeof(string)
                            && property.GetCustomAttribute<PersonalAttribute>() is not null
                    );
                // Only a direct property of an event can be sealed, so a nested text is never personal.
                else if (held.Assembly == typeof(DomainEvent).Assembly && !held.IsEnum)
                    foreach (var inner in TextsIn(held, name))
                        yield return inner;
        }
    }

    /// <summary>The element types of a list or a map, the underlying type of a nullable, or the type itself.</summary>
    private static IEnumerable<Type> HeldBy(Type type)
    {
        if (type.IsArray)
            return HeldBy(type.GetElementType()!);
        return type.IsGenericType ? type.GetGenericArguments().SelectMany(HeldBy) : [type];
    }
}
