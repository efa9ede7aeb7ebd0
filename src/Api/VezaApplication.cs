using System.Text.Json;
using System.Text.Json.Serialization;
using Veza.Domain;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Projections;

namespace Veza.Api;

/// <summary>What the product knows: its events, its projections, and how both are written as JSON.</summary>
public static class VezaApplication
{
    public static EventTypes EventTypes { get; } = EventTypes.DerivedFrom(typeof(DomainEvent), ConfigureJson);

    /// <summary>Every projection of the product: one of each class there is.</summary>
    public static IReadOnlyList<IProjection> CreateProjections() =>
        [.. typeof(ReadModels).Assembly.GetTypes().Where(t => t is { IsAbstract: false } && t.IsAssignableTo(typeof(IProjection)))
            .Select(t => (IProjection)Activator.CreateInstance(t)!).OrderBy(p => p.Name, StringComparer.Ordinal)];

    /// <summary>How events, requests and answers are written.</summary>
    internal static void ConfigureJson(JsonSerializerOptions json)
    {
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        json.MaxDepth = 32;
    }
}
