using Veza.Api.Chat;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections.Accounts;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Counts;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Follows;

namespace Veza.Api.Counts;

/// <summary>The part of a count's events that the query asks for.</summary>
/// <param name="After">A position.</param>
/// <param name="Since">Events from this moment on.</param>
/// <param name="Until">Events before this moment.</param>
public readonly record struct CountedSpan(long? After, DateTimeOffset? Since, DateTimeOffset? Until, int? Limit);

/// <summary>Serves, for each count that is shown, the events behind it.</summary>
public static class CountEndpoints
{
    private const string Description =
        "Oldest first, each with its change of the number; the changes add up to the number. `after` is a position; "
        + "`since` (inclusive) and `until` (exclusive) are times, such as those of a chart.";

    public static void MapCounts(this IEndpointRouteBuilder api)
    {
        api.MapGet("/tracks/{trackId:guid}/counts/{number}/events", OfTrack)
            .ReadsFrom([.. CountQueries.Reads, TracksProjection.ProjectionName])
            .Described(
                "a track's",
                "`plays`, `likes`, `reposts` or `comments`. Only the track's owner sees who played it, and "
                    + "listeners see their own plays."
            );
        api.MapGet("/accounts/{accountId:guid}/counts/{number}/events", OfAccount)
            .ReadsFrom([.. CountQueries.Reads, ProfilesProjection.ProjectionName])
            .Described("an account's", "`followers`, `following` or `tracks`.");
        api.MapGet("/communities/{communityId:guid}/counts/{number}/events", OfCommunity)
            .ReadsFrom([.. CountQueries.Reads, CommunitiesProjection.ProjectionName, MembersProjection.ProjectionName])
            .Described("a community's", "`members`; for its members.");
        api.MapGet("/messages/{messageId:guid}/reactions/{emoji}/events", OfMessage)
            .ReadsFrom([
                .. CountQueries.Reads,
                .. MessageQueries.Reads,
                ChannelsProjection.ProjectionName,
                MembersProjection.ProjectionName,
            ])
            .Described("a reaction's", "For those who see the message.");
    }

    private static void Described(this RouteHandlerBuilder endpoint, string whose, string more) =>
        endpoint
            .Produces<Page<CountedEventView>>()
            .WithTags("Counts")
            .WithSummary($"List the events behind {whose} number")
            .WithDescription($"{more} {Description}");

    private static async Task<IResult> OfTrack(
        Guid trackId,
        string number,
        [AsParameters] CountedSpan span,
        Caller caller,
        CountQueries counts,
        TrackQueries tracks,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (
            Named(number, CountedNumber.Plays, CountedNumber.Likes, CountedNumber.Reposts, CountedNumber.Comments)
            is not { } counted
        )
            return Unknown(number, "plays, likes, reposts, comments");
        if (!await tracks.ExistsAsync(trackId, ct))
            return Problems.Result(Refusals.Unknown("track", trackId));
        return await PageOf(trackId, counted, "", span, caller, counts, http, ct);
    }

    private static async Task<IResult> OfAccount(
        Guid accountId,
        string number,
        [AsParameters] CountedSpan span,
        Caller caller,
        CountQueries counts,
        FollowQueries follows,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Named(number, CountedNumber.Followers, CountedNumber.Following, CountedNumber.Tracks) is not { } counted)
            return Unknown(number, "followers, following, tracks");
        if (!await follows.IsAccountAsync(accountId, ct))
            return Problems.Result(Refusals.Unknown("account", accountId));
        return await PageOf(accountId, counted, "", span, caller, counts, http, ct);
    }

    private static async Task<IResult> OfCommunity(
        Guid communityId,
        string number,
        [AsParameters] CountedSpan span,
        Caller caller,
        CountQueries counts,
        ChatQueries chat,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Named(number, CountedNumber.Members) is not { } counted)
            return Unknown(number, "members");
        if (await ChatAccess.NotMember(communityId, caller, chat, ct) is { } hidden)
            return hidden;
        return await PageOf(communityId, counted, "", span, caller, counts, http, ct);
    }

    private static async Task<IResult> OfMessage(
        Guid messageId,
        string emoji,
        [AsParameters] CountedSpan span,
        Caller caller,
        CountQueries counts,
        MessageQueries messages,
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (await messages.FindAsync(messageId, caller.AccountId, ct) is not { } message)
            return Problems.Result(Refusals.Unknown("message", messageId));
        if (await ChatAccess.NotRead(message.ChannelId, caller, permissions, ct) is { } hidden)
            return hidden;
        return await PageOf(messageId, CountedNumber.Reactions, emoji, span, caller, counts, http, ct);
    }

    private static async Task<IResult> PageOf(
        Guid subject,
        CountedNumber number,
        string emoji,
        CountedSpan span,
        Caller caller,
        CountQueries counts,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(span.Limit, out var refusal) is not { } size)
            return refusal;
        var items = await counts.PageAsync(
            subject,
            number,
            emoji,
            span.After ?? 0,
            span.Since,
            span.Until,
            size + 1,
            caller.AccountId,
            ct
        );
        return Results.Ok(Page.Cut(http, items, size, e => $"after={e.Position}"));
    }

    private static CountedNumber? Named(string text, params CountedNumber[] allowed)
    {
        foreach (var number in allowed)
            if (number.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
                return number;
        return null;
    }

    private static IResult Unknown(string number, string allowed) =>
        Problems.Result(Problems.Invalid("number", $"number is \"{number}\"; {allowed} are counted here"));
}
