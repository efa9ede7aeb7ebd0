using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Veza.Api.Http;
using Veza.Commands.Dispatching;

namespace Veza.Api.Auth;

/// <summary>
/// Authenticates by <c>Authorization: Bearer</c>. Below /hubs, where a browser cannot send a header, it also accepts
/// <c>?access_token=</c>.
/// </summary>
internal sealed class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder,
    AccessTokenCache callers,
    ApiKeys keys
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    private const string Prefix = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Authenticate();

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceSafeAsync()).Failure;
        Response.Headers.WWWAuthenticate = failure is null ? "Bearer" : "Bearer error=\"invalid_token\"";
        await Problems.WriteAsync(
            Context,
            failure is null
                ? new(
                    "unauthenticated",
                    RefusalKind.Unauthenticated,
                    "this needs an access token: Authorization: Bearer <accessToken>"
                )
                : new(
                    ReferenceEquals(failure, AccessTokenCache.Expired) ? "token_expired" : "unauthenticated",
                    RefusalKind.Unauthenticated,
                    failure.Message
                )
        );
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, new("not_allowed", RefusalKind.NotAllowed, "this is not allowed to this account"));

    private Task<AuthenticateResult> Authenticate()
    {
        if (Request.Headers.Authorization is [{ } header, ..])
            return header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                ? Authenticate(header.AsSpan(Prefix.Length).Trim(' '))
                : Task.FromResult(AuthenticateResult.NoResult());
        if (Request.Path.StartsWithSegments("/hubs") && Request.Query["access_token"] is [{ } token, ..])
            return Authenticate(token.AsSpan());
        return Task.FromResult(AuthenticateResult.NoResult());
    }

    private Task<AuthenticateResult> Authenticate(ReadOnlySpan<char> token) =>
        token.StartsWith(ApiKeys.Prefix, StringComparison.Ordinal) && token.Length <= Jws.LengthMax
            ? keys.AuthenticateAsync(token.ToString(), Context.RequestAborted)
            : Task.FromResult(callers.Authenticate(token));
}
