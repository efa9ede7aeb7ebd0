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
    )
    {
        var failed = result.Forbidden ? result.AuthorizationFailure?.FailedRequirements.ToList() ?? [] : [];
        if (failed.OfType<ApiKeyRequirement>().Any())
            return Refuse($"this needs the scope {Scope.Of(context)}, which the API key does not have");
        return failed.OfType<ScopeRequirement>().FirstOrDefault() is { } missing
            ? Refuse($"this needs the scope {missing.Scope}")
            : _otherwise.HandleAsync(next, context, policy, result);

        Task Refuse(string detail) =>
            Problems.WriteAsync(context, new("scope_missing", RefusalKind.NotAllowed, detail));
    }
}
