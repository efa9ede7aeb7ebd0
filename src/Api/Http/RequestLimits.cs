using Microsoft.AspNetCore.Http.Features;
using Veza.Api.Configuration;

namespace Veza.Api.Http;

/// <summary>
/// Size and time limits of requests, for every endpoint except the upload, which counts its bytes itself.
/// </summary>
/// <param name="BodyBytesMax">Bytes of a body.</param>
public sealed record RequestLimits(long BodyBytesMax)
{
    /// <summary>JSON may write each byte of a text as <c>\u0041</c>.</summary>
    private const int JsonBytesPerTextByteMax = 6;

    /// <summary>Everything except a message's text: the longest other body has a few kilobytes.</summary>
    private const int OtherBytesMax = 64 << 10;

    /// <summary>
    /// All headers of a request: an access token of two kilobytes and the headers of browsers and proxies, four times
    /// over.
    /// </summary>
    public const int HeaderBytesMax = 16 << 10;
    public const int HeadersMax = 64;

    /// <summary>Room for a list of topics in the query.</summary>
    public const int LineBytesMax = 8 << 10;

    /// <summary>
    /// A head comes in one or two packets. A client that sends it byte by byte wants to hold the connection.
    /// </summary>
    public static readonly TimeSpan HeadersTimeMax = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Between two requests of a connection: longer than the 60 s after which common load balancers close theirs.
    /// </summary>
    public static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(75);

    /// <summary>Slower than any modem; averaged after <see cref="BodyGrace"/>.</summary>
    public const double BodyBytesPerSecondMin = 240;
    public static readonly TimeSpan BodyGrace = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A longer body is cut off instead of answered: a client that still sends cannot read an answer from a closed
    /// connection.
    /// </summary>
    public const long AnsweredBodyBytesMax = 16 << 20;

    public static RequestLimits For(VezaSettings settings) =>
        new(OtherBytesMax + (long)JsonBytesPerTextByteMax * settings.MessageBytesMax);

    /// <summary>
    /// Refuses a body that is too long. The server's own limit is <see cref="AnsweredBodyBytesMax"/>, so that it drains
    /// the rest after the answer.
    /// </summary>
    public static Task Middleware(HttpContext context, RequestDelegate next)
    {
        // An upload has already lifted its limit.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is not { MaxRequestBodySize: not null } server)
            return next(context);
        var max = context.RequestServices.GetRequiredService<RequestLimits>().BodyBytesMax;
        if (context.Request.ContentLength > max)
            throw new BadHttpRequestException(
                $"the body has {context.Request.ContentLength} bytes; at most {max} are taken",
                StatusCodes.Status413PayloadTooLarge
            );
        if (context.Request.ContentLength is null && !server.IsReadOnly)
            server.MaxRequestBodySize = max;
        return next(context);
    }
}
