using Microsoft.AspNetCore.Authorization;
using Veza.Api.Http;

namespace Veza.Api.Auth;

/// <summary>The scope that an API key needs for an endpoint, when its tag and method do not determine it.</summary>
public sealed record NeedsScope(string Scope);

/// <summary>Met by people, and by API keys that have the scope of the endpoint.</summary>
public sealed class ApiKeyRequirement : AuthorizationHandler<ApiKeyRequirement>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ApiKeyRequirement requirement)
    {
        if (
            context.User is CallerPrincipal { Caller: var caller }
            && (!caller.IsApiKey || context.Resource is HttpContext http && caller.Scopes.Contains(Scope.Of(http)))
        )
            context.Succeed(requirement);
        return Task.CompletedTask;
    }
}

/// <summary>Met by a caller whose token has the scope.</summary>
public sealed class ScopeRequirement(string scope) : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    public string Scope { get; } = scope;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.User is CallerPrincipal { Caller: var caller } && caller.Scopes.Contains(requirement.Scope))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
