using Microsoft.AspNetCore.Http.HttpResults;
using Veza.Api.Configuration;

namespace Veza.Api.Pages;

/// <summary>
/// Serves the web page beside the API: its files, and index.html for every address that a person may open.
/// </summary>
/// <remarks>
/// It runs before authentication and rate limits: its answers are the same for everyone, and each is in memory.
/// </remarks>
internal static class PageServing
{
    /// <summary>
    /// The page loads from its own origin alone, and runs no script but its files. 'self' includes the WebSocket of the
    /// hub; blob: is for pictures and sounds that a person is about to upload. A text becomes markup or a script's
    /// address only by the two named policies: Svelte's templates, and the page's worker.
    /// </summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        + "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
        + "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        + "trusted-types svelte-trusted-html veza-worker";

    /// <summary>Going live needs the microphone or the sound of a tab; nothing needs the rest.</summary>
    private const string Permissions =
        "microphone=(self), display-capture=(self), camera=(), geolocation=(), payment=(), usb=(), serial=(), "
        + "midi=(), xr-spatial-tracking=()";

    /// <summary>First segments of addresses that programs call: what is not found there is a problem.</summary>
    private static readonly PathString[] OfPrograms =
    [
        "/api",
        "/assets",
        "/docs",
        "/health",
        "/hubs",
        "/metrics",
        "/openapi",
        "/ready",
        "/.well-known",
    ];

    private const string NotBuilt = """
        This Veza has no web page, because it was built without one.

        `./veza run` builds the page and serves it. By hand: run src/Web/build, then build src/Cli and start it again,
        or set WEB_ROOT to the folder src/Web/dist. The API works without it; /docs describes it.

        """;

    /// <summary>A browser that opens the endpoint's address gets the page; all others get the endpoint.</summary>
    public static TBuilder OpensPage<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new PageInBrowsers());

    public static void UsePage(this WebApplication app, VezaSettings settings)
    {
        if (!settings.Has(HostRole.Api))
            return;
        var page = PageFiles.Load(settings);
        app.Use(
            (context, next) =>
            {
                if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
                    return next(context);
                if (Find(page, context) is { } file)
                    return WriteAsync(context, file);
                return page.Index is null && context.Request.Path == "/"
                    ? Results
                        .Text(NotBuilt, "text/plain", statusCode: StatusCodes.Status404NotFound)
                        .ExecuteAsync(context)
                    : next(context);
            }
        );
    }

    private static PageFile? Find(PageFiles page, HttpContext context)
    {
        var path = context.Request.Path;
        var endpoint = context.GetEndpoint();
        if (endpoint is null && page.Find(path) is { } file)
            return file;
        if (path == "/")
            return page.Index;
        var isOfPage = endpoint is null
            ? !OfPrograms.Any(first => path.StartsWithSegments(first))
            : endpoint.Metadata.GetMetadata<PageInBrowsers>() is not null;
        return isOfPage && IsNavigation(context.Request) ? page.Index : null;
    }

    /// <summary>
    /// Browsers ask for text/html by name when a person opens an address. Players, fetch and curl do not.
    /// </summary>
    private static bool IsNavigation(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html" && type.Quality != 0);

    private static Task WriteAsync(HttpContext context, PageFile file)
    {
        var body = file.Bodies.First(b => b.Encoding is null || Accepts(context.Request, b.Encoding));
        var headers = context.Response.Headers;
        headers.CacheControl = file.CacheControl;
        headers.Vary = "Accept, Accept-Encoding";
        headers.ContentSecurityPolicy = Policy;
        headers["Permissions-Policy"] = Permissions;
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (body.Encoding is not null)
            headers.ContentEncoding = body.Encoding;
        return TypedResults.Bytes(body.Bytes, file.ContentType, entityTag: body.Tag).ExecuteAsync(context);
    }

    private static bool Accepts(HttpRequest request, string encoding)
    {
        var accepted = request.GetTypedHeaders().AcceptEncoding;
        var choice = accepted.FirstOrDefault(a => a.Value == encoding) ?? accepted.FirstOrDefault(a => a.Value == "*");
        return choice is not null && choice.Quality != 0;
    }

    private sealed record PageInBrowsers;
}
