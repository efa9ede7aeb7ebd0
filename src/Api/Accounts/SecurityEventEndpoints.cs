using Veza.Api.Http;
using Veza.Projections.Accounts;

namespace Veza.Api.Accounts;

public static class SecurityEventEndpoints
{
    public static void MapSecurityEvents(this IEndpointRouteBuilder api) =>
        // Tagged as sessions, a resource without a grantable scope: a person checks here what their API keys did.
        api.MapGet("/accounts/me/security-events", ListAsync)
            .WithTags("Sessions")
            .ReadsFrom(SecurityEventQueries.Reads)
            .Produces<Page<SecurityEventView>>()
            .WithSummary("List the security events of your own account")
            .WithDescription(
                """
                Newest first: successful and failed sign-ins; ended sessions with the reason; changed passwords and
                second factors; API keys created and the days of their use; roles granted; days on which a session
                or key read the log; acts as an operator; kicks, bans and time-outs in communities, with their ends.
                `before` is a position. `moderation=true` lists only acts of moderators, `moderation=false` only the
                rest.
                """
            );

    private static async Task<IResult> ListAsync(
        bool? moderation,
        long? before,
        int? limit,
        Caller caller,
        SecurityEventQueries queries,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        var items = await queries.PageAsync(caller.AccountId, moderation, before, size + 1, ct);
        return Results.Ok(Page.Cut(http, items, size, e => $"before={e.Position}"));
    }
}
