using Microsoft.AspNetCore.HttpOverrides;
using Veza.Api.Configuration;

namespace Veza.Api.Http;

/// <summary>Finds the client's address behind trusted proxies.</summary>
public static class Proxies
{
    /// <summary>
    /// Uses the last address of <c>X-Forwarded-For</c> that is not a trusted proxy's. Entries that the caller itself
    /// wrote are never believed.
    /// </summary>
    public static void UseTrustedProxies(this WebApplication app, VezaSettings settings)
    {
        if (settings.TrustedProxies.Count == 0)
            return;
        // The list is the only limit: each entry counts only while the one after it is a proxy's.
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor,
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in settings.TrustedProxies)
            options.KnownIPNetworks.Add(proxy);
        app.UseForwardedHeaders(options);
    }
}
