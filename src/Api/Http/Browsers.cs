using Veza.Api.Configuration;

namespace Veza.Api.Http;

/// <summary>Headers for browsers: which origins may call the API, and how a page may use its answers.</summary>
public static class Browsers
{
    /// <summary>
    /// Browsers repeat a preflight after this time at the latest; they cache none for more than two hours.
    /// </summary>
    private static readonly TimeSpan PreflightCachedFor = TimeSpan.FromMinutes(10);

    private static readonly string[] ReadableHeaders =
    [
        "Veza-Position",
        "Veza-Complete",
        "Veza-Moment",
        "Veza-Epoch",
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
                    .SetPreflightMaxAge(PreflightCachedFor)
                    // The hub's browser client always sends credentials. The only cookie names a position and grants
                    // nothing.
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
                        // Answers of the API are data. If a browser ever renders one as a page, it must not load or run
                        // anything.
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
