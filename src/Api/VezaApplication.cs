using System.Text.Json;
using System.Text.Json.Serialization;
using Veza.Api.Accounts;
using Veza.Api.Chat.Communities;
using Veza.Api.Chat.Messages;
using Veza.Api.Http;
using Veza.Api.Live;
using Veza.Api.Live.Broadcasts;
using Veza.Api.Music.Charts;
using Veza.Api.Music.Listening;
using Veza.Api.Music.Tracks;
using Veza.Api.OpenApi;
using Veza.Api.Replay;
using Veza.Api.Social;
using Veza.Api.Social.Comments;
using Veza.Api.Social.Feed;
using Veza.Api.Social.Follows;
using Veza.Api.Social.Likes;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Projections;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Messages;

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
