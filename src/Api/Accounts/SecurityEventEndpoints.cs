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
            .WithSummary("List what happened to the security of one's own account")
            .WithDescription(
                "Newest first: sign-ins and failed ones, sessions ended and why, passwords and second factors changed, API keys made and the days they were used on, roles granted, days on which a session or key of theirs read the log, what they did as an operator; who kicked, banned or timed one out of which community, and took it back. "
                    + "`before` is a position. `moderation=true` lists only what moderators did, `moderation=false` only the rest."
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
