using Veza.Api.Chat.Communities;
using Veza.Api.Http;
using Veza.Commands.Chat.Roles;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat.Roles;

/// <param name="Target">Whether the id is a role's or a member's.</param>
/// <param name="Allow">The sum of the bits, as a decimal number in a string.</param>
/// <param name="Deny">The sum of the bits, as a decimal number in a string.</param>
public sealed record OverwriteBody(OverwriteTarget Target, Permission Allow, Permission Deny);

/// <summary>What a channel grants and denies roles and members.</summary>
public static class OverwriteEndpoints
{
    private static readonly string[] Reads =
    [
        CommunitiesProjection.ProjectionName,
        ChannelsProjection.ProjectionName,
        MembersProjection.ProjectionName,
        OverwritesProjection.ProjectionName,
    ];

    public static void MapOverwrites(this IEndpointRouteBuilder api)
    {
        var overwrites = api.MapGroup("/channels/{channelId:guid}/overwrites").WithTags("Communities");
        overwrites
            .MapGet("", Overwrites)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .AnswersPosition()
            .Produces<Page<OverwriteView>>()
            .WithSummary("List a channel's overwrites")
            .WithDescription(
                "In the order in which they were set first. There are at most "
                    + $"{Channel.OverwritesMax} in a channel."
            );
        overwrites
            .MapPut(
                "/{targetId:guid}",
                (Guid channelId, Guid targetId, OverwriteBody body, Caller caller, CommandSender commands) =>
                    commands.Send(
                        new SetOverwrite(channelId, caller.AccountId, body.Target, targetId, body.Allow, body.Deny),
                        new { id = targetId }
                    )
            )
            .WithSummary("Set what a channel grants and denies a role or a member")
            .WithDescription(
                """
                The community's id is the role that everyone has. Needs the permission ManageRoles in the channel, and
                each permission that changes. Who loses ViewChannel gets nothing of the channel from that position on.
                """
            );
        overwrites
            .MapDelete("/{targetId:guid}", (Guid channelId, Guid targetId, Caller caller, CommandSender commands) =>
                commands.Send(new RemoveOverwrite(channelId, caller.AccountId, targetId), new { id = targetId })
            )
            .WithSummary("Remove an overwrite")
            .WithDescription("Needs the permission ManageRoles in the channel, and each permission that changes.");
    }

    private static async Task<IResult> Overwrites(
        Guid channelId,
        long? after,
        int? limit,
        Caller caller,
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (await ChatAccess.NotSeen(channelId, caller, permissions, ct) is { } hidden)
            return hidden;
        var found = await new RoleQueries(http.Views()).OverwritesAsync(channelId, after ?? 0, size + 1, ct);
        return Results.Ok(Page.Cut(http, found, size, o => $"after={o.Position}"));
    }
}
