using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Veza.Commands.Dispatching;
using Veza.EventStore.Events;
using EventLog = Veza.EventStore.EventLog;

namespace Veza.Api.Http;

/// <summary>
/// Sends the command of a request with its caller, idempotency key and <c>If-Match</c>, and turns the outcome into an
/// HTTP answer.
/// </summary>
public sealed class CommandSender(HttpContext http, CommandBus bus)
{
    public static ValueTask<CommandSender> BindAsync(HttpContext context) =>
        ValueTask.FromResult(new CommandSender(context, context.RequestServices.GetRequiredService<CommandBus>()));

    /// <param name="answer">
    /// An object with the ids that the caller needs, <c>id</c> first; version and position are added to it.
    /// </param>
    public async Task<IResult> Send<TCommand>(TCommand command, object answer, int status = StatusCodes.Status200OK)
        where TCommand : notnull => Answer(await Decide(command, answer), answer, status);

    /// <inheritdoc cref="CommandBus.Shape{TCommand}"/>
    public Refusal? Shape<TCommand>(TCommand command)
        where TCommand : notnull => bus.Shape(command);

    /// <summary>For endpoints that build their answer from the outcome.</summary>
    /// <param name="content">
    /// The content of a body that is too large or too variable to be hashed before it is read; it becomes part of the
    /// fingerprint.
    /// </param>
    public Task<CommandResult> Decide<TCommand>(TCommand command, object answer, byte[]? content = null)
        where TCommand : notnull
    {
        if (!TryContext(content, out var context, out var refusal))
            return Task.FromResult<CommandResult>(new CommandResult.Refused(refusal));
        return SendAsync(command, context, answer);
    }

    /// <summary>
    /// Whether this request was answered before under its idempotency key. Deciding it then repeats that answer, so the
    /// endpoint can skip its costly work.
    /// </summary>
    public async Task<bool> WasAnsweredAsync(EventLog log, CancellationToken ct) =>
        http.Features.Get<IdempotencyKey>() is not null
        && TryContext(content: null, out var context, out _)
        && await log.Reader.FindCommandAsync(context.CommandId, ct) is not null;

    public static IResult Answer(CommandResult result, object answer, int status = StatusCodes.Status200OK) =>
        result switch
        {
            CommandResult.Refused no => Problems.Result(no.Refusal),
            CommandResult.Done done => new WrittenResult(done, answer, status),
            _ => throw new UnreachableException(),
        };

    private async Task<CommandResult> SendAsync<TCommand>(TCommand command, CommandContext context, object answer)
        where TCommand : notnull
    {
        // Not the request's token: a command that has begun is decided even if the caller hangs up.
        var result = await bus.SendAsync(command, context, answer, CancellationToken.None);
        // When the caller is not signed in, the endpoint decides what the answer may show.
        if (result is CommandResult.Done done && context.AccountId is { } account)
            http.RequestServices.GetRequiredService<OwnWrites>().Record(http, account, done.Position);
        return result;
    }

    private bool TryContext(byte[]? content, out CommandContext context, out Refusal refusal)
    {
        (context, refusal) = (null!, null!);
        long? expected = null;
        if (http.Request.Headers.IfMatch is [{ } tag, ..] && tag != "*")
        {
            if (!long.TryParse(tag.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            {
                refusal = Problems.Invalid("ifMatch", $"If-Match is {tag}; it must be a version such as \"3\"");
                return false;
            }
            expected = version;
        }
        var account = (http.User as CallerPrincipal)?.Caller.AccountId;
        var trace = Activity.Current is { Recorded: true } activity ? activity.Id : null;
        var idempotency = http.Features.Get<IdempotencyKey>();
        if (idempotency is null)
        {
            context = new(Guid.CreateVersion7(), account, null, expected, trace);
            return true;
        }
        var caller = account?.ToString("N") ?? http.Connection.RemoteIpAddress?.ToString() ?? "";
        var plain = idempotency.FingerprintWith(content);
        var keyed = http.RequestServices.GetRequiredService<RequestFingerprints>().Keyed(plain);
        context = new(idempotency.CommandId(caller), account, keyed, expected, trace) { EarlierFingerprint = plain };
        return true;
    }

    private sealed class WrittenResult(CommandResult.Done done, object answer, int status) : IResult
    {
        public async Task ExecuteAsync(HttpContext context)
        {
            var json = done.Answer
                ?? JsonSerializer.SerializeToUtf8Bytes(
                    answer,
                    context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions
                );
            var response = context.Response;
            response.StatusCode = status;
            response.ContentType = "application/json";
            response.Headers["Veza-Position"] = done.Position.ToString(CultureInfo.InvariantCulture);
            response.Headers.ETag = $"\"{done.Version}\"";
            // The answer is an object; version and position go in before its closing brace.
            var comma = json.Length > 2 ? "," : "";
            var end = Encoding.UTF8.GetBytes(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{comma}\"version\":{done.Version},\"position\":{done.Position}}}"
                )
            );
            // Without a length the body would be chunked, and its empty last chunk would take a packet.
            response.ContentLength = json.Length - 1 + end.Length;
            response.BodyWriter.Write(json.AsSpan(0, json.Length - 1));
            response.BodyWriter.Write(end);
            await response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }
}
