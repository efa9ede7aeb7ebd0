using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;
using Veza.Commands.Dispatching;

namespace Veza.Api.Http;

/// <summary>Refuses a Content-Type that no body reader supports, before one tries.</summary>
internal static class ContentTypes
{
    /// <summary>RFC 2046, section 5.1.1.</summary>
    private const int BoundaryMax = 70;

    /// <summary>Longer than any that a client has a reason to send: a type, a charset and a boundary.</summary>
    private const int LengthMax = 256;

    public static Task Middleware(HttpContext context, RequestDelegate next)
    {
        var takesBody = context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is not null;
        if (!takesBody || context.Request.ContentType is not { Length: > 0 } text)
            return next(context);
        if (Refused(text, out var type) is { } refusal)
            return Problems.WriteAsync(context, refusal);
        // RFC 9110 allows the quotes of charset="utf-8"; the framework's JSON reader takes them as part of the name.
        if (type is { Charset: { HasValue: true } charset } && charset[0] == '"')
        {
            type.Charset = HeaderUtilities.RemoveQuotes(charset);
            context.Request.ContentType = type.ToString();
        }
        return next(context);
    }

    private static Refusal? Refused(string text, out MediaTypeHeaderValue? type)
    {
        type = null;
        if (text.Length > LengthMax)
            return Problems.Invalid(
                "contentType",
                $"Content-Type has {text.Length} characters; at most {LengthMax} are taken"
            );
        // No endpoint accepts a type that cannot be parsed; routing refuses it.
        if (!MediaTypeHeaderValue.TryParse(text, out type))
            return null;
        // JSON is UTF-8 (RFC 8259, section 8.1), and so are the texts of a form. Of two charsets, readers differ in
        // which they follow.
        foreach (var parameter in type.Parameters)
        {
            if (!parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase))
                continue;
            var charset = HeaderUtilities.RemoveQuotes(parameter.Value);
            if (!charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
                return new(
                    "unsupported_media_type",
                    RefusalKind.Unsupported,
                    $"charset is \"{charset}\"; utf-8 is taken"
                );
        }
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary);
        return boundary.Length > BoundaryMax
            ? Problems.Invalid(
                "contentType",
                $"the boundary has {boundary.Length} characters; at most {BoundaryMax} are taken"
            )
            : null;
    }
}
