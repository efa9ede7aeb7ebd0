using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Veza.Api.Http;
using Veza.Commands.Dispatching;

namespace Veza.Api.Auth;

/// <summary>
/// Authenticates by <c>Authorization: Bearer</c>. Where a browser cannot send a header, it also accepts a query
/// parameter: <c>?access_token=</c> below /hubs, and a media token for the sound of tracks.
/// </summary>
internal sealed class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder,
    AccessTokenCache tokens,
    ApiKeys keys,
    MediaTokens media
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    private const string Prefix = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Authenticate();

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceSafeAsync()).Failure;
        Response.Headers.WWWAuthenticate = failure is null ? "Bearer" : "Bearer error=\"invalid_token\"";
        var detail = failure?.Message ?? "this needs an access token: Authorization: Bearer <accessToken>";
        var refusal = new Refusal("unauthenticated", RefusalKind.Unauthenticated, detail);
        if (ReferenceEquals(failure, AccessTokenCache.Expired) || ReferenceEquals(failure, MediaTokens.Expired))
            refusal = refusal with { Code = "token_expired" };
        await Problems.WriteAsync(Context, refusal);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(
            Context,
            new("not_allowed", RefusalKind.NotAllowed, "this account is not allowed to do this")
        );

    private Task<AuthenticateResult> Authenticate()
    {
        if (Request.Headers.Authorization is [{ } header, ..])
            return header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                ? Authenticate(header.AsSpan(Prefix.Length).Trim(' '))
                : Task.FromResult(AuthenticateResult.NoResult());
        if (Request.Path.StartsWithSegments("/hubs") && Request.Query["access_token"] is [{ } token, ..])
            return Authenticate(token.AsSpan());
        if (
            Context.GetEndpoint()?.Metadata.GetMetadata<AcceptsMediaToken>() is not null
            && Request.Query[MediaTokens.Parameter] is [{ } mediaToken, ..]
        )
            return media.AuthenticateAsync(mediaToken, Context.RequestAborted);
        return Task.FromResult(AuthenticateResult.NoResult());
    }

    private Task<AuthenticateResult> Authenticate(ReadOnlySpan<char> token) =>
        token.StartsWith(ApiKeys.Prefix, StringComparison.Ordinal) && token.Length <= Jws.LengthMax
            ? keys.AuthenticateAsync(token.ToString(), Context.RequestAborted)
            : Task.FromResult(tokens.Authenticate(token));
}
