using System.Text.Json;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Projections.Accounts;

namespace Veza.Api.Accounts;

/// <param name="Days">Days until it expires, 1 to 365.</param>
public sealed record CreateApiKeyBody(string Name, IReadOnlyList<string> Scopes, int Days = 90);

/// <param name="Key">The bearer token; shown only in this answer.</param>
public sealed record CreatedApiKeyView(Guid Id, string Key)
{
    public override string ToString() => $"{nameof(CreatedApiKeyView)} {Id}";
}

public sealed record ApiKeyView(
    Guid Id,
    string Name,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
);

public static class ApiKeyEndpoints
{
    private static readonly string GrantableScopes = string.Join(
        ", ",
        Scope.Grantable.Order().Select(scope => $"`{scope}`")
    );

    public static void MapApiKeys(this IEndpointRouteBuilder api)
    {
        // Tagged as sessions, a resource without a grantable scope: an API key cannot create another.
        var keys = api.MapGroup("/api-keys").WithTags("Sessions");
        keys.MapPost("", Create)
            .HoldsSecrets()
            .Produces<CreatedApiKeyView>(StatusCodes.Status201Created)
            .WithSummary("Create an API key")
            .WithDescription(
                $"""
                A bearer token for programs, on REST and hub, valid for `days` and only for its scopes:
                {GrantableScopes}.
                """
            );
        keys.MapGet("", ListAsync)
            .ReadsFrom(ApiKeyQueries.Reads)
            .Produces<Page<ApiKeyView>>()
            .WithSummary("List your own API keys");
        keys.MapDelete("/{keyId:guid}", (Guid keyId, Caller caller, CommandSender commands) =>
                commands.Send(new EndSession(keyId, Session.KeyRevoked, caller.AccountId), new { id = keyId })
            )
            .WithSummary("Revoke an API key")
            .WithDescription("Every node refuses the key from then on, and its live connections end.");
    }

    private static async Task<IResult> Create(
        CreateApiKeyBody body,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        ApiKeyTokens tokens
    )
    {
        if (body.Scopes?.Where(s => s is null || !Scope.Grantable.Contains(s)).ToList() is { Count: > 0 } unknown)
            return Problems.Result(
                Problems.Invalid(
                    "scopes",
                    $"scopes holds \"{unknown[0]}\"; {string.Join(", ", Scope.Grantable.Order())} can be granted"
                )
            );
        var ids = new SessionIds(Guid.CreateVersion7());
        var repeat = http.Features.Get<IdempotencyKey>();
        var token = tokens.Make(ids.Id, repeat);
        var result = await commands.Decide(
            new CreateApiKey(ids.Id, caller.AccountId, body.Name, body.Scopes!, token.Hash, body.Days),
            ids
        );
        if (result is not CommandResult.Done done)
            return CommandSender.Answer(result, ids);
        // A repeated request gets the key of its first answer.
        if (done.Answer is not null)
            token = tokens.Make(
                JsonSerializer.Deserialize<SessionIds>(done.Answer, JsonSerializerOptions.Web)!.Id,
                repeat
            );
        http.Response.Headers.CacheControl = "no-store";
        return CommandSender.Answer(
            done with
            {
                Answer = null,
            },
            new CreatedApiKeyView(token.Id, ApiKeys.Prefix + token.Text),
            StatusCodes.Status201Created
        );
    }

    private static async Task<IResult> ListAsync(
        Caller caller,
        ApiKeyQueries queries,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var rows = await queries.ListAsync(caller.AccountId, clock.GetUtcNow(), ct);
        return Results.Ok(
            new Page<ApiKeyView>(
                [.. rows.Select(r => new ApiKeyView(r.KeyId, r.Name, r.Scopes.Split(' '), r.CreatedAt, r.ExpiresAt))],
                Next: null
            )
        );
    }
}
