using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;
using Veza.EventStore.Verification;
using Veza.Projections.Registry;

namespace Veza.Api;

/// <summary>The events and projections of the product, and their JSON format.</summary>
public static class VezaApplication
{
    /// <summary>Finds the personal data in events and aggregates by their attributes.</summary>
    private static PersonalData Personal { get; } =
        new(
            property => property.GetCustomAttribute<PersonalAttribute>()?.Owner,
            type => type.GetCustomAttribute<ErasesAttribute>()?.Account
        );

    public static EventTypes EventTypes { get; } = EventTypes.DerivedFrom(typeof(DomainEvent), ConfigureJson, Personal);

    /// <summary>Every aggregate of the domain; Marten folds them as a node does.</summary>
    public static IReadOnlyList<Type> Aggregates { get; } =
    [.. typeof(DomainEvent).Assembly.GetTypes().Where(AggregateFold.IsAggregate)];

    /// <summary>Every projection of the product, new instances.</summary>
    public static IReadOnlyList<IProjection> CreateProjections() => ProjectionRegistry.All();

    /// <summary>The names of those whose rows change when an account is erased.</summary>
    public static IReadOnlyList<string> ErasingProjections { get; } =
    [.. CreateProjections().Where(p => p.Events.Contains(typeof(AccountErased))).Select(p => p.Name)];

    /// <summary>
    /// Projections of former releases that no longer exist, without versions. A name stays here for good.
    /// </summary>
    public static IReadOnlyList<string> WithdrawnProjections { get; } = ["chat.message_places", "chat.message_texts"];

    /// <summary>The events that assign unique names to their owners.</summary>
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

    /// <summary>The JSON format of events, requests and answers.</summary>
    internal static void ConfigureJson(JsonSerializerOptions json)
    {
        // Before the converter of all other enums.
        json.Converters.Add(new PermissionJson());
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        json.MaxDepth = 32;
    }
}
