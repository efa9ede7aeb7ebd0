using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore.Projections;

namespace Veza.Api.Replay;

/// <summary>Rebuilds a read model while the present one keeps serving.</summary>
public static class BuildEndpoints
{
    public static void MapBuilds(this IEndpointRouteBuilder api)
    {
        var projections = api.MapGroup("/projections")
            .RequireAuthorization(policy => policy.RequireRole(ProjectionEndpoints.OperatorRole))
            .WithTags("Operation");

        projections
            .MapGet("/builds", async (ProjectionHost host, CancellationToken ct) =>
                Results.Ok(new { items = await host.Builds.ListAsync(ct), next = (string?)null })
            )
            .WithSummary("List the running builds of projections")
            .WithDescription(
                """
                Builds on all nodes: the progress of each, the positions it passes in a second, the seconds left at
                that rate, and the error of a failed attempt that is retried. For operators.
                """
            );

        projections
            .MapPut("/{name}/build", RequestAsync)
            .WithSummary("Rebuild a projection")
            .WithDescription(
                """
                Starts at the first event, in a separate table. The present rows serve until the new ones have
                caught up and replace them. Another request continues a build that has begun. For operators.
                """
            );

        projections
            .MapDelete("/{name}/build", CancelAsync)
            .WithSummary("Cancel a projection's build")
            .WithDescription("Drops the rows built so far; the present rows keep serving. For operators.");
    }

    private static async Task<IResult> RequestAsync(
        string name,
        Caller caller,
        PrivilegedActs acts,
        ProjectionHost host,
        CancellationToken ct
    )
    {
        if (!host.Builds.Knows(name))
            return Problems.Result(UnknownProjection(name));
        var unrecorded = await acts.OperatorAsync(caller.AccountId, OperatorAct.Rebuild, name);
        if (unrecorded is not null)
            return Problems.Result(unrecorded);
        await host.Builds.RequestAsync(name, ct);
        return Results.Accepted("/api/v1/projections/builds");
    }

    private static async Task<IResult> CancelAsync(
        string name,
        Caller caller,
        PrivilegedActs acts,
        ProjectionHost host,
        CancellationToken ct
    )
    {
        if (!host.Builds.Knows(name))
            return Problems.Result(NotBeingBuilt(name));
        var unrecorded = await acts.OperatorAsync(caller.AccountId, OperatorAct.CancelRebuild, name);
        if (unrecorded is not null)
            return Problems.Result(unrecorded);
        return await host.Builds.CancelAsync(name, ct) ? Results.NoContent() : Problems.Result(NotBeingBuilt(name));
    }

    private static Refusal UnknownProjection(string name) =>
        new(
            "projection_unknown",
            RefusalKind.Unknown,
            $"there is no projection {name}; `GET /api/v1/projections` lists them"
        );

    private static Refusal NotBeingBuilt(string name) =>
        new(
            "not_being_built",
            RefusalKind.Unknown,
            $"the projection {name} is not being built; `GET /api/v1/projections/builds` lists those that are"
        );
}
