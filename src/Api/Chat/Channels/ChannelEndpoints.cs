using Veza.Api.Http;
using Veza.Commands.Chat.Channels;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat.Channels;

public sealed record CreateChannelBody(
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds = 0,
    bool Nsfw = false,
    Guid? CategoryId = null,
    bool Private = false
);

public sealed record ChangeChannelBody(string Name, string? Topic, int SlowModeSeconds, bool Nsfw);

/// <param name="CategoryId">Null moves it out of its category.</param>
/// <param name="AfterChannelId">A channel of that category; null means its first place.</param>
public sealed record ChannelPlaceBody(Guid? CategoryId, Guid? AfterChannelId);

/// <summary>Channels and categories.</summary>
public static class ChannelEndpoints
{
    private static readonly string[] Reads =
    [
        CommunitiesProjection.ProjectionName,
        MembersProjection.ProjectionName,
        ChannelsProjection.ProjectionName,
    ];

    public static void MapChannels(this IEndpointRouteBuilder api)
    {
        var community = api.MapGroup("/communities/{communityId:guid}/channels").WithTags("Communities");
        community
            .MapPost("", (Guid communityId, CreateChannelBody body, Caller caller, CommandSender commands) =>
            {
                var id = Guid.CreateVersion7();
                return commands.Send(
                    new CreateChannel(
                        id,
                        communityId,
                        caller.AccountId,
                        body.Name,
                        body.Kind,
                        body.Topic,
                        body.SlowModeSeconds,
                        body.Nsfw,
                        body.CategoryId,
                        body.Private
                    ),
                    new { id },
                    StatusCodes.Status201Created
                );
            })
            .Produces(StatusCodes.Status201Created)
            .WithSummary("Create a channel or a category")
            .WithDescription(
                """
                It comes after the others of its category, and gets the category's overwrites. `private` denies the role
                that everyone has to see it; its creator sees it. Needs the permission ManageChannels.
                """
            );
        community
            .MapGet("", Channels)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .AnswersPosition()
            .Produces<Page<ChannelView>>()
            .WithSummary("List the channels that you see")
            .WithDescription(
                """
                With the categories, in the order of their creation; `rank` orders those of one `categoryId`. A page
                leaves out those that you do not see, so it may be short.
                """
            );

        var channel = api.MapGroup("/channels/{channelId:guid}").WithTags("Communities");
        channel
            .MapGet("", One)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .AnswersPosition()
            .Produces<ChannelView>()
            .WithSummary("Read a channel");
        channel
            .MapPut("", (Guid channelId, ChangeChannelBody body, Caller caller, CommandSender commands) =>
                commands.Send(
                    new ChangeChannel(
                        channelId,
                        caller.AccountId,
                        body.Name,
                        body.Topic,
                        body.SlowModeSeconds,
                        body.Nsfw
                    ),
                    new { id = channelId }
                )
            )
            .WithSummary("Change a channel")
            .WithDescription("Replaces all but its kind and place. Needs the permission ManageChannels in it.");
        channel
            .MapPut("/place", (Guid channelId, ChannelPlaceBody body, Caller caller, CommandSender commands) =>
                commands.Send(
                    new MoveChannel(channelId, caller.AccountId, body.CategoryId, body.AfterChannelId),
                    new { id = channelId }
                )
            )
            .WithSummary("Move a channel to just after another")
            .WithDescription(
                """
                Into the category `categoryId`, or out of its category without one; its overwrites stay. Without
                `afterChannelId` it becomes the first. Needs the permission ManageChannels in it.
                """
            );
        channel
            .MapDelete("", (Guid channelId, Caller caller, CommandSender commands) =>
                commands.Send(new DeleteChannel(channelId, caller.AccountId), new { id = channelId })
            )
            .WithSummary("Delete a channel with its messages")
            .WithDescription("The channels of a category stay, in none. Needs the permission ManageChannels in it.");
    }

    private static async Task<IResult> One(
        Guid channelId,
        Caller caller,
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (await ChatAccess.NotSeen(channelId, caller, permissions, ct) is { } hidden)
            return hidden;
        return await new ChatQueries(http.Views()).ChannelAsync(channelId, ct) is { } found
            ? Results.Ok(found)
            : Problems.Result(Refusals.Unknown("channel", channelId));
    }

    private static async Task<IResult> Channels(
        Guid communityId,
        long? after,
        int? limit,
        Caller caller,
        ChatQueries chat,
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (await ChatAccess.NotMember(communityId, caller, chat, ct) is { } hidden)
            return hidden;
        chat = new(http.Views());
        if (http.PointInTime() is not null && await chat.CommunityAsync(communityId, ct) is null)
            return Problems.Result(Refusals.Unknown("community", communityId));
        var page = Page.Cut(http, await chat.ChannelsAsync(communityId, after ?? 0, size + 1, ct), size, c =>
            $"after={c.Position}"
        );
        var seen = await permissions.SeenAsync(caller.AccountId, communityId, page.Items.Select(c => c.Id), ct);
        return Results.Ok(page with { Items = [.. page.Items.Where(c => seen.Contains(c.Id))] });
    }
}
