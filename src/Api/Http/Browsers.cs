using Veza.Api.Configuration;

namespace Veza.Api.Http;

/// <summary>What browsers are told: which pages may call the API, and what not to do with its answers.</summary>
public static class Browsers
{
    /// <summary>
    /// Browsers ask again at the latest after this long; they keep no answer longer than two hours anyway.
    /// </summary>
    private static readonly TimeSpan PreflightKept = TimeSpan.FromMinutes(10);

    private static readonly string[] ReadableHeaders =
    [
        "Veza-Position",
        "Veza-Head",
        "ETag",
        "Retry-After",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
        "Content-Range",
        "Accept-Ranges",
    ];

    public static void AddOrigins(this IServiceCollection services, VezaSettings settings)
    {
        if (!MayCall(settings))
            return;
        services.AddCors(cors =>
            cors.AddDefaultPolicy(policy =>
                policy
                    .WithOrigins([.. settings.AllowedOrigins.Select(o => o.TrimEnd('/'))])
                    .AllowAnyMethod()
                    .AllowAnyHeader()
                    .WithExposedHeaders(ReadableHeaders)
                    .SetPreflightMaxAge(PreflightKept)
                    // The hub's client in a browser always asks with credentials. The one cookie there is names a
                    // position and gives nobody anything.
                    .AllowCredentials()
            )
        );
    }

    public static void UseBrowserRules(this WebApplication app, VezaSettings settings)
    {
        app.Use(
            (context, next) =>
            {
                context.Response.OnStarting(
                    static state =>
                    {
                        var context = (HttpContext)state;
                        var headers = context.Response.Headers;
                        headers.XContentTypeOptions = "nosniff";
                        headers.XFrameOptions = "DENY";
                        headers["Referrer-Policy"] = "no-referrer";
                        // Answers of the API are data. If a browser ever shows one as a page, it may do nothing.
                        if (context.Request.Path.StartsWithSegments("/api"))
                            headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
                        return Task.CompletedTask;
                    },
                    context
                );
                return next(context);
            }
        );
        if (MayCall(settings))
            app.UseCors();
    }

    private static bool MayCall(VezaSettings settings) => settings is { EnableCors: true, AllowedOrigins.Count: > 0 };
}
