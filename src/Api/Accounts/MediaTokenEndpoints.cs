using Veza.Api.Auth;
using Veza.Api.Http;

namespace Veza.Api.Accounts;

/// <param name="Token">For <c>GET /tracks/{id}/audio?token=</c>.</param>
/// <param name="ExpiresIn">Seconds until it expires.</param>
public sealed record MediaTokenView(string Token, int ExpiresIn)
{
    public override string ToString() => nameof(MediaTokenView);
}

/// <summary>Tokens with which a page's audio element reads the sound of tracks.</summary>
public static class MediaTokenEndpoints
{
    public static void MapMediaTokens(this IEndpointRouteBuilder api) =>
        api.MapPost("/media-tokens", (Caller caller, MediaTokens tokens, HttpContext http) =>
            {
                http.Response.Headers.CacheControl = "no-store";
                return Results.Ok(new MediaTokenView(tokens.Issue(caller), (int)MediaTokens.Life.TotalSeconds));
            })
            .WithTags("Sessions")
            .Produces<MediaTokenView>()
            .WithSummary("Get a token for an audio element")
            .WithDescription(
                """
                An audio element sends no Authorization header. `GET /tracks/{trackId}/audio?token=` takes this token
                instead; no other endpoint does. It is valid for an hour, and ends with the session.
                """
            );
}
