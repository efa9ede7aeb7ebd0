using System.Net;
using Veza.Api.Configuration;

namespace Veza.Api.Connections;

/// <summary>
/// The gates of the two ports. PROMETHEUS_PORT has separate places, so that probes reach a full server.
/// </summary>
internal sealed class ConnectionGates : IDisposable
{
    private readonly int? _metricsPort;

    public ConnectionGates(
        VezaSettings settings,
        ConnectionLimits limits,
        TimeProvider clock,
        ILogger<ConnectionGate> log
    )
    {
        var proxies = settings.TrustedProxies;
        var ofHttp = new GateLimits("http", limits.Connections, limits.PerNetwork, ConnectionLimits.RequestFiles);
        var ofMetrics = new GateLimits(
            "metrics",
            ConnectionLimits.MetricsConnections,
            ConnectionLimits.MetricsConnectionsPerNetwork,
            RequestFiles: 0
        );
        Http = new(ofHttp, IsProxy, clock, log);
        Metrics = new(ofMetrics, _ => false, clock, log);
        _metricsPort = settings.PrometheusPort == settings.Port ? null : settings.PrometheusPort;

        bool IsProxy(IPAddress? address)
        {
            if (address is null)
                return false;
            if (address.IsIPv4MappedToIPv6)
                address = address.MapToIPv4();
            return proxies.Any(network => network.Contains(address));
        }
    }

    public ConnectionGate Http { get; }
    public ConnectionGate Metrics { get; }

    public ConnectionGate Of(EndPoint endpoint) => (endpoint as IPEndPoint)?.Port == _metricsPort ? Metrics : Http;

    public void Dispose()
    {
        Http.Dispose();
        Metrics.Dispose();
    }
}
