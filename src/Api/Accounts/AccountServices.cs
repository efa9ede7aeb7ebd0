using Microsoft.AspNetCore.Authorization;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Projections.Accounts;
using Veza.Realtime.Engine;

namespace Veza.Api.Accounts;

/// <summary>Registers sign-in, authentication, authorisation and rate limits.</summary>
public static class AccountServices
{
    public static void AddAccounts(this IServiceCollection services, AccountSettings settings)
    {
        services.AddSingleton(provider => new SigningKeys(
            settings.JwtSecret,
            provider.GetRequiredService<TimeProvider>(),
            settings.JwtSecretAccepted
        ));
        services
            .AddSingleton(settings)
            .AddSingleton(settings.Keys)
            .AddSingleton(provider => new TwoFactors(
                settings.Keys.SecondFactors,
                provider.GetRequiredService<TimeProvider>()
            ));
        services
            .AddSingleton<AccessTokens>()
            .AddSingleton<RefreshTokens>()
            .AddSingleton<ResetTokens>()
            .AddSingleton<ApiKeyTokens>()
            .AddSingleton<ApiKeys>()
            .AddSingleton<MediaTokens>()
            .AddSingleton<Passwords>()
            .AddSingleton<PasswordSlots>()
            .AddSingleton<AccountAuthenticator>()
            .AddSingleton<SignInThrottle>();
        services
            .AddSingleton<AccessTokenCache>()
            .AddSingleton<EndedSessions>()
            .AddHostedService(provider => provider.GetRequiredService<EndedSessions>());
        services
            .AddSingleton<AccountQueries>()
            .AddSingleton<SessionQueries>()
            .AddSingleton<ApiKeyQueries>()
            .AddSingleton<SecurityEventQueries>()
            .AddSingleton<OperatorBootstrap>();
        services
            .AddSingleton<PrivilegedActs>()
            .AddSingleton<LogReadRecorded>(provider =>
            {
                var acts = provider.GetRequiredService<PrivilegedActs>();
                return async (session, ct) => await acts.LogReadAsync(session, ct) is null;
            });

        // Only the core: the rest of ASP.NET Core's authentication stores keys on disk for cookies, which Veza does not
        // use.
        services.AddAuthenticationCore(o =>
        {
            o.DefaultScheme = AccessTokenCache.Scheme;
            o.AddScheme<BearerHandler>(AccessTokenCache.Scheme, displayName: null);
        });
        services.AddTransient<BearerHandler>().AddWebEncoders();
        services.AddAuthorization(o =>
        {
            foreach (var scope in Scope.All)
                o.AddPolicy(scope, p => p.RequireAuthenticatedUser().AddRequirements(new ScopeRequirement(scope)));
        });
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, ScopeRefusal>();
        services.AddRateLimits(settings.RateLimitPerMinute);
    }
}
