using Veza.EventStore.Projections;

namespace Veza.Api.Replay;

/// <summary>How far the read models are.</summary>
public static class ProjectionEndpoints
{
    public const string OperatorRole = "operator";

    public static void MapProjections(this IEndpointRouteBuilder api) =>
        api.MapGet("/projections", (ProjectionHost projections) => Results.Ok(new { items = projections.Status.OrderBy(s => s.Name, StringComparer.Ordinal), next = (string?)null }))
            .RequireAuthorization(policy => policy.RequireRole(OperatorRole)).WithTags("Operation")
            .WithSummary("List the projections of this node").WithDescription("Each with its state, its position, how many events it is behind the head, and its error when it is faulted. For operators.");
}
