using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Veza.Api.Http;
using Veza.Commands.Dispatching;

namespace Veza.Api.Auth;

/// <summary>Names the scope that a refused caller lacks.</summary>
internal sealed class ScopeRefusal : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _otherwise = new();

    public Task HandleAsync(
        RequestDelegate next,
        HttpContext context,
        AuthorizationPolicy policy,
        PolicyAuthorizationResult result
    ) =>
        result.Forbidden && result.AuthorizationFailure?.FailedRequirements.OfType<ApiKeyRequirement>().Any() == true
            ? Problems.WriteAsync(
                context,
                new(
                    "scope_missing",
                    RefusalKind.NotAllowed,
                    $"this needs the scope {Scope.Of(context)}, which the API key has not"
                )
            )
        : result.Forbidden
        && result.AuthorizationFailure?.FailedRequirements.OfType<ScopeRequirement>().FirstOrDefault() is { } missing
            ? Problems.WriteAsync(
                context,
                new("scope_missing", RefusalKind.NotAllowed, $"this needs the scope {missing.Scope}")
            )
        : _otherwise.HandleAsync(next, context, policy, result);
}
