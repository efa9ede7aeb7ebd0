using Veza.Api.Http;
using Veza.Commands.Chat;
using Veza.Commands.Chat.Reading;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Reading;

namespace Veza.Api.Chat.Reading;

public sealed record MarkReadBody(long UpTo);

/// <summary>Read markers and counts of unread messages.</summary>
public static class ReadingEndpoints
{
    private static readonly string[] Reads = [.. UnreadQueries.Reads, CommunitiesProjection.ProjectionName];

    public static void MapReading(this IEndpointRouteBuilder api)
    {
        api.MapPut("/channels/{channelId:guid}/read", Mark)
            .WithTags("Reading")
            .WithSummary("Move your read marker")
            .WithDescription(
                """
                `upTo` is the position of the newest message read. The marker never moves back. It moves at most
                every 2 s for each channel: 429 `read_too_fast` before that; then send the newest position once.
                Your other devices are notified on `account:{id}`.
                """
            );
        api.MapGet("/communities/{communityId:guid}/unread", Unread)
            .WithTags("Reading")
            .ReadsFrom(Reads)
            .AnswersPosition(ChannelMessagesProjection.ProjectionName)
            .Produces<Page<UnreadView>>()
            .WithSummary("Count your unread messages in a community, by channel")
            .WithDescription(
                $"""
                `unread` counts the messages of others after the marker; {UnreadQueries.UnreadMax} means that many
                or more.
                """
            );
    }

    private static async Task<IResult> Mark(
        Guid channelId,
        MarkReadBody body,
        Caller caller,
        CommandSender commands,
        EventLog log,
        CancellationToken ct
    )
    {
        // A marker ahead of the log would hide future messages. The client's position may come from a node that is
        // ahead of this one.
        if (body.UpTo > log.Head)
            await log.CatchUpAsync(ct);
        if (body.UpTo > log.Head)
            return Problems.Result(Problems.Invalid("upTo", $"upTo is {body.UpTo}; the log's head is {log.Head}"));
        return await commands.Send(new MarkChannelRead(channelId, caller.AccountId, body.UpTo), new { id = channelId });
    }

    private static async Task<IResult> Unread(
        Guid communityId,
        long? after,
        int? limit,
        Caller caller,
        ChatQueries chat,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (!await chat.IsMemberAsync(communityId, caller.AccountId, ct))
            return Problems.Result(
                await chat.CommunityAsync(communityId, ct) is null
                    ? Refusals.Unknown("community", communityId)
                    : ChatRefusals.NotAllowed(Permission.ViewChannel)
            );
        var unread = new UnreadQueries(http.Views());
        return Results.Ok(
            Page.Cut(http, await unread.UnreadAsync(communityId, caller.AccountId, after ?? 0, size + 1, ct), size, u =>
                $"after={u.Position}"
            )
        );
    }
}
