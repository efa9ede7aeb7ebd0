using Microsoft.AspNetCore.HttpOverrides;
using Veza.Api.Configuration;

namespace Veza.Api.Http;

/// <summary>Who really calls, when a proxy calls for them.</summary>
public static class Proxies
{
    /// <summary>
    /// Takes the last address of <c>X-Forwarded-For</c> that no trusted proxy has; what the caller itself wrote there
    /// is never believed.
    /// </summary>
    public static void UseTrustedProxies(this WebApplication app, VezaSettings settings)
    {
        if (settings.TrustedProxies.Count == 0)
            return;
        // No limit but the list: each entry counts only as long as the one after it is a proxy's.
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
