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
using Veza.Projections.Chat.Roles;

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
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (await ChatAccess.NotMember(communityId, caller, chat, ct) is { } notMember)
            return notMember;
        var hidden = await permissions.HiddenAsync(caller.AccountId, [communityId], ct);
        var unread = await new UnreadQueries(http.Views()).UnreadAsync(
            communityId,
            caller.AccountId,
            after ?? 0,
            size + 1,
            hidden,
            ct
        );
        return Results.Ok(Page.Cut(http, unread, size, u => $"after={u.Position}"));
    }
}
