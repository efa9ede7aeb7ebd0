using Veza.Api.Http;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat.Messages;

public sealed record SendMessageBody(string Text, Guid? ReplyTo);

public sealed record EditMessageBody(string Text);

/// <summary>Messages, their history and their reactions.</summary>
public static class MessageEndpoints
{
    private static readonly string[] Reads =
    [
        .. MessageQueries.Reads,
        ChannelsProjection.ProjectionName,
        MembersProjection.ProjectionName,
    ];

    public static void MapMessages(this IEndpointRouteBuilder api)
    {
        var channel = api.MapGroup("/channels/{channelId:guid}/messages").WithTags("Messages");
        channel
            .MapPost("", (Guid channelId, SendMessageBody body, Caller caller, CommandSender commands) =>
            {
                var id = Guid.CreateVersion7();
                return commands.Send(
                    new SendMessage(id, channelId, caller.AccountId, body.Text, body.ReplyTo),
                    new { id },
                    StatusCodes.Status201Created
                );
            })
            .Produces(StatusCodes.Status201Created)
            .WithSummary("Send a message")
            .WithDescription(
                "Markdown, at most MAX_MESSAGE_SIZE bytes of UTF-8. Needs the permission SendMessages; 429 `slow_mode` "
                    + "in a slow channel."
            );
        channel
            .MapGet("", History)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .AnswersPosition(ReactionTallyProjection.ProjectionName)
            .Produces<Page<MessageView>>()
            .WithSummary("Read a channel's history")
            .WithDescription(
                """
                Newest first. `before`, `after` and `around` are message ids; without them the newest page. With
                `asOf`, the text of a message that was deleted since is empty, except for operators. Empty
                without the permission ReadMessageHistory.
                """
            );

        var message = api.MapGroup("/messages/{messageId:guid}").WithTags("Messages");
        message
            .MapGet("", One)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .AnswersPosition(ReactionTallyProjection.ProjectionName)
            .Produces<MessageView>()
            .WithSummary("Read a message");
        message
            .MapGet("/edits", Edits)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .Produces<Page<MessageEditView>>()
            .WithSummary("List every text of a message, oldest first");
        message
            .MapPatch("", (Guid messageId, EditMessageBody body, Caller caller, CommandSender commands) =>
                commands.Send(new EditMessage(messageId, caller.AccountId, body.Text), new { id = messageId })
            )
            .WithSummary("Edit your own message");
        message
            .MapDelete("", (Guid messageId, Caller caller, CommandSender commands) =>
                commands.Send(new DeleteMessage(messageId, caller.AccountId), new { id = messageId })
            )
            .WithSummary("Delete a message");
        message
            .MapPut("/reactions/{emoji}", (Guid messageId, string emoji, Caller caller, CommandSender commands) =>
                commands.Send(new ReactToMessage(messageId, caller.AccountId, emoji), new { id = messageId })
            )
            .WithSummary("React with an emoji");
        message
            .MapDelete("/reactions/{emoji}", (Guid messageId, string emoji, Caller caller, CommandSender commands) =>
                commands.Send(new RemoveReaction(messageId, caller.AccountId, emoji), new { id = messageId })
            )
            .WithSummary("Remove a reaction");
    }

    private static async Task<IResult> History(
        Guid channelId,
        Guid? before,
        Guid? after,
        Guid? around,
        int? limit,
        Caller caller,
        MessageQueries messages,
        MessageStreams streams,
        MemberPermissions permissions,
        HistoryLimit historyMax,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal, historyMax.Messages) is not { } size)
            return refusal;
        if (await ChatAccess.NotSeen(channelId, caller, permissions, ct) is { } hidden)
            return hidden;
        if (http.PointInTime() is { } past && await new ChatQueries(past.Views).ChannelAsync(channelId, ct) is null)
            return Problems.Result(Refusals.Unknown("channel", channelId));
        var read = new MessageQueries(http.Views());
        if (await ChatAccess.NotRead(channelId, caller, permissions, ct) is not null)
        {
            // Empty as on Discord. It is read all the same, for the position that the page rests on.
            await read.BeforeAsync(channelId, null, 1, caller.AccountId, ct);
            return Results.Ok(new Page<MessageView>([], null));
        }
        if (new[] { before, after, around }.Count(a => a is not null) > 1)
            return Problems.Result(Problems.Invalid("before", "only one of before, after and around may be given"));
        long? anchor = null;
        if (
            (before ?? after ?? around) is { } id
            && (anchor = await streams.SentAtAsync(channelId, id, http.PointInTime()?.Position ?? long.MaxValue, ct))
                is null
        )
            return Problems.Result(Refusals.Unknown("message", id));

        Page<MessageView> page;
        if (after is not null)
        {
            // One more than asked shows whether there is more. The page ends at its newest message, where the next one
            // starts.
            var newer = await read.AfterAsync(channelId, anchor!.Value, size + 1, caller.AccountId, ct);
            if (newer.Count <= size)
                page = new(newer, null);
            else
                page = new(newer[^size..], Page.Next(http, $"after={newer[^size].Id}", size));
        }
        else if (around is not null)
        {
            // One more than asked shows whether there is more.
            var found = await read.AroundAsync(channelId, anchor!.Value, size / 2, size + 1, caller.AccountId, ct);
            page = Page.Cut(http, found, size, m => $"before={m.Id}");
        }
        else
            page = Page.Cut(http, await read.BeforeAsync(channelId, anchor, size + 1, caller.AccountId, ct), size, m =>
                $"before={m.Id}"
            );

        var gone = await WithheldAsync(http, page.Items.Select(m => m.Id), caller, messages, ct);
        return Results.Ok(
            page with
            {
                Items = [.. page.Items.Select(m => gone.Contains(m.Id) ? m with { Text = "" } : m)],
            }
        );
    }

    private static async Task<IResult> One(
        Guid messageId,
        Caller caller,
        MessageQueries messages,
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (await new MessageQueries(http.Views()).FindAsync(messageId, caller.AccountId, ct) is not { } message)
            return Problems.Result(Refusals.Unknown("message", messageId));
        if (await ChatAccess.NotRead(message.ChannelId, caller, permissions, ct) is { } hidden)
            return hidden;
        return Results.Ok(
            (await WithheldAsync(http, [messageId], caller, messages, ct)).Count > 0
                ? message with
                {
                    Text = "",
                }
                : message
        );
    }

    private static async Task<IResult> Edits(
        Guid messageId,
        Caller caller,
        MessageQueries messages,
        MessageStreams streams,
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        var read = http.PointInTime() is { } past ? new MessageQueries(past.Views) : messages;
        if (await read.FindAsync(messageId, caller.AccountId, ct) is not { } message)
            return Problems.Result(Refusals.Unknown("message", messageId));
        if (await ChatAccess.NotRead(message.ChannelId, caller, permissions, ct) is { } hidden)
            return hidden;
        var texts = await streams.TextsAsync(messageId, http.PointInTime()?.Position ?? long.MaxValue, ct);
        var gone = (await WithheldAsync(http, [messageId], caller, messages, ct)).Count > 0;
        return Results.Ok(new Page<MessageEditView>(gone ? texts.ConvertAll(t => t with { Text = "" }) : texts, null));
    }

    /// <summary>
    /// A point-in-time query must not repeat messages deleted since: the message appears, but its text is for operators
    /// only.
    /// </summary>
    /// <returns>
    /// The messages whose text is withheld from the caller; a message never has an empty text otherwise.
    /// </returns>
    private static async Task<HashSet<Guid>> WithheldAsync(
        HttpContext http,
        IEnumerable<Guid> messages,
        Caller caller,
        MessageQueries now,
        CancellationToken ct
    )
    {
        if (http.PointInTime() is null || caller.Roles.Contains(Domain.Accounts.PlatformRole.Operator))
            return [];
        var asked = messages.ToHashSet();
        asked.ExceptWith(await now.StandingAsync(asked, ct));
        return asked;
    }
}
