using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Veza.Api.Configuration;
using IPNetwork = System.Net.IPNetwork;

namespace Veza.Api.Http;

/// <summary>Who really calls, when a proxy calls for them.</summary>
public static class Proxies
{
    /// <returns>An address or a network in CIDR form; null when the text is neither.</returns>
    public static IPNetwork? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;

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
            options.KnownIPNetworks.Add(Network(proxy)!.Value);
        app.UseForwardedHeaders(options);
    }
}
