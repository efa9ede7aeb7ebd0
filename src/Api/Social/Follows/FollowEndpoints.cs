using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Commands.Social.Follows;
using Veza.Projections.Social.Follows;

namespace Veza.Api.Social.Follows;

/// <summary>Followers of accounts.</summary>
public static class FollowEndpoints
{
    public static void MapFollows(this IEndpointRouteBuilder api)
    {
        var account = api.MapGroup("/accounts/{accountId:guid}").WithTags("Follows");
        account
            .MapPut("/followers/me", (Guid accountId, Caller caller, CommandSender commands) =>
                commands.Send(new FollowAccount(caller.AccountId, accountId), new { id = accountId })
            )
            .WithSummary("Follow an account")
            .WithDescription("Its uploads, reposts and broadcasts appear in your feed. 409 `cannot_follow_self`.");
        account
            .MapDelete("/followers/me", (Guid accountId, Caller caller, CommandSender commands) =>
                commands.Send(new UnfollowAccount(caller.AccountId, accountId), new { id = accountId })
            )
            .WithSummary("Stop following an account");
        account
            .MapGet("/followers", (Guid accountId, long? before, int? limit, HttpContext http, CancellationToken ct) =>
                PageOf(accountId, limit, http, ct, (follows, size) =>
                    follows.FollowersAsync(accountId, before, size, ct)
                )
            )
            .ReadsFrom(FollowQueries.Reads)
            .AnswersAsOf(FollowQueries.Reads)
            .AnswersPosition()
            .Produces<Page<FollowView>>()
            .WithSummary("List an account's followers, newest first");
        account
            .MapGet("/following", (Guid accountId, long? before, int? limit, HttpContext http, CancellationToken ct) =>
                PageOf(accountId, limit, http, ct, (follows, size) =>
                    follows.FollowingAsync(accountId, before, size, ct)
                )
            )
            .ReadsFrom(FollowQueries.Reads)
            .AnswersAsOf(FollowQueries.Reads)
            .AnswersPosition()
            .Produces<Page<FollowView>>()
            .WithSummary("List the accounts that an account follows, newest first");
    }

    private static async Task<IResult> PageOf(
        Guid accountId,
        int? limit,
        HttpContext http,
        CancellationToken ct,
        Func<FollowQueries, int, Task<List<FollowView>>> read
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        var follows = new FollowQueries(http.Views());
        if (!await follows.IsAccountAsync(accountId, ct))
            return Problems.Result(Refusals.Unknown("account", accountId));
        return Results.Ok(Page.Cut(http, await read(follows, size + 1), size, f => $"before={f.Position}"));
    }
}
