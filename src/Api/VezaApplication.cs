using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;
using Veza.EventStore.Verification;
using Veza.Projections.Registry;

namespace Veza.Api;

/// <summary>What the product knows: its events, its projections, and how both are written as JSON.</summary>
public static class VezaApplication
{
    /// <summary>What in events and models is personal, as they say themselves.</summary>
    private static PersonalData Personal { get; } =
        new(
            property => property.GetCustomAttribute<PersonalAttribute>()?.Owner,
            type => type.GetCustomAttribute<ErasesAttribute>()?.Account
        );

    public static EventTypes EventTypes { get; } = EventTypes.DerivedFrom(typeof(DomainEvent), ConfigureJson, Personal);

    /// <summary>Every model of the domain, which Marten aggregates as a node does.</summary>
    public static IReadOnlyList<Type> Models { get; } =
    [.. typeof(DomainEvent).Assembly.GetTypes().Where(AggregateFold.IsModel)];

    /// <summary>Every projection of the product, new instances.</summary>
    public static IReadOnlyList<IProjection> CreateProjections() => ProjectionRegistry.All();

    /// <summary>The names of those whose rows change when an account is erased.</summary>
    public static IReadOnlyList<string> ErasingProjections { get; } =
    [.. CreateProjections().Where(p => p.Events.Contains(typeof(AccountErased))).Select(p => p.Name)];

    /// <summary>What former releases had and this one has not, without versions. A name stays here for good.</summary>
    public static IReadOnlyList<string> WithdrawnProjections { get; } = ["chat.message_places", "chat.message_texts"];

    /// <summary>Which events give the unique names to their owners.</summary>
    public static IReadOnlyList<NameRule> NameRules { get; } =
    [
        new(Account.UserNameScope, [Alias<AccountRegistered>()], "userName", ReleasedBy: Alias<AccountErased>()),
        new(
            Account.EmailScope,
            [Alias<AccountRegistered>(), Alias<EmailProven>()],
            "email",
            ReleasedBy: Alias<AccountErased>()
        ),
    ];

    private static string Alias<TEvent>()
        where TEvent : DomainEvent => EventTypes.Describe(typeof(TEvent)).Alias;

    /// <summary>How events, requests and answers are written.</summary>
    internal static void ConfigureJson(JsonSerializerOptions json)
    {
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        json.MaxDepth = 32;
    }
}
