using Veza.Api.Http;
using Veza.Commands.Chat;
using Veza.Commands.Chat.Members;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections.Accounts;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat.Members;

/// <param name="DeleteMessagesHours">
/// Whole hours, 0 to <see cref="Member.DeleteMessagesHoursMax"/>; nothing is deleted without it.
/// </param>
public sealed record BanBody(string? Reason, int? DeleteMessagesHours);

public sealed record TimeOutBody(DateTimeOffset Until, string? Reason);

/// <summary>Kicks, bans and time-outs in a community.</summary>
public static class ModerationEndpoints
{
    private static readonly string[] Reads =
    [
        CommunitiesProjection.ProjectionName,
        SanctionsProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
    ];

    public static void MapModeration(this IEndpointRouteBuilder api)
    {
        var community = api.MapGroup("/communities/{communityId:guid}").WithTags("Moderation");
        community
            .MapDelete(
                "/members/{memberId:guid}",
                (Guid communityId, Guid memberId, string? reason, Caller caller, CommandSender commands) =>
                    commands.Send(
                        new KickMember(communityId, memberId, caller.AccountId, reason),
                        new { id = memberId }
                    )
            )
            .WithSummary("Kick a member")
            .WithDescription("Needs the permission KickMembers. They may join again.");
        community
            .MapPut(
                "/members/{memberId:guid}/timeout",
                (Guid communityId, Guid memberId, TimeOutBody body, Caller caller, CommandSender commands) =>
                    commands.Send(
                        new TimeOutMember(communityId, memberId, caller.AccountId, body.Until, body.Reason),
                        new { id = memberId }
                    )
            )
            .WithSummary("Time a member out")
            .WithDescription(
                $"""
                Needs the permission ModerateMembers. The member may only read until then, at most
                {Member.TimeOutMax.TotalDays} days.
                """
            );
        community
            .MapDelete(
                "/members/{memberId:guid}/timeout",
                (Guid communityId, Guid memberId, Caller caller, CommandSender commands) =>
                    commands.Send(new EndTimeOut(communityId, memberId, caller.AccountId), new { id = memberId })
            )
            .WithSummary("End a time-out")
            .WithDescription("Needs the permission ModerateMembers.");
        community
            .MapPut(
                "/bans/{memberId:guid}",
                (Guid communityId, Guid memberId, BanBody body, Caller caller, CommandSender commands) =>
                    commands.Send(
                        new BanMember(communityId, memberId, caller.AccountId, body.Reason, body.DeleteMessagesHours),
                        new { id = memberId }
                    )
            )
            .WithSummary("Ban an account")
            .WithDescription(
                $"""
                Needs the permission BanMembers. Ends the membership, and the banned account cannot join.
                `deleteMessagesHours`, whole hours up to {Member.DeleteMessagesHoursMax}, also deletes its messages
                of so many hours in this community, soon after the answer. Ending the ban does not restore them.
                """
            );
        community
            .MapDelete(
                "/bans/{memberId:guid}",
                (Guid communityId, Guid memberId, Caller caller, CommandSender commands) =>
                    commands.Send(new UnbanMember(communityId, memberId, caller.AccountId), new { id = memberId })
            )
            .WithSummary("End a ban")
            .WithDescription("Needs the permission BanMembers.");
        community
            .MapGet("/sanctions", Sanctions)
            .ReadsFrom(Reads)
            .Produces<Page<SanctionView>>()
            .WithSummary("List bans and time-outs")
            .WithDescription(
                """
                Needs the permission ModerateMembers. In the order in which they were given, without expired
                time-outs.
                """
            );
    }

    private static async Task<IResult> Sanctions(
        Guid communityId,
        long? after,
        int? limit,
        Caller caller,
        ChatQueries chat,
        MemberPermissions permissions,
        TimeProvider clock,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (await chat.CommunityAsync(communityId, ct) is null)
            return Problems.Result(Refusals.Unknown("community", communityId));
        var has = await permissions.OfAsync(caller.AccountId, communityId, channel: null, clock.GetUtcNow(), ct);
        if (!has.HasFlag(Permission.ModerateMembers))
            return Problems.Result(ChatRefusals.NotAllowed(Permission.ModerateMembers));
        return Results.Ok(
            Page.Cut(
                http,
                await chat.SanctionsAsync(communityId, clock.GetUtcNow(), after ?? 0, size + 1, ct),
                size,
                s => $"after={s.Position}"
            )
        );
    }
}
