using System.Collections.Frozen;
using Microsoft.AspNetCore.Authorization;
using Veza.Api.Http;
using Veza.Domain.Accounts;

namespace Veza.Api.Auth;

/// <summary>What a token allows beyond what every account may do. A policy of the same name asks for it.</summary>
public static class Scope
{
    /// <summary>Read the whole log, replay it and export it.</summary>
    public const string LogRead = "log:read";

    public static readonly FrozenSet<string> All = [LogRead];

    /// <summary>The scopes that a sign-in of an account with these roles has.</summary>
    public static IEnumerable<string> Of(IEnumerable<string> roles) => roles.Any(r => r is Role.Analyst or Role.Operator) ? [LogRead] : [];
}

/// <summary>Met by a caller whose token has the scope.</summary>
public sealed class ScopeRequirement(string scope) : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    public string Scope { get; } = scope;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.User is CallerPrincipal { Caller: var caller } && caller.Scopes.Contains(requirement.Scope)) context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
