using System.Net;
using System.Text.Json.Nodes;

namespace Veza.Deploy.Tests.Kubernetes;

/// <summary>Evaluates the policies as Kubernetes defines them: a connection needs both ends' consent.</summary>
public sealed class NetworkPoliciesTests
{
    private const string Here = "veza-production";

    private static readonly Dictionary<string, Peer> Peers = new()
    {
        ["api"] = Pod(Here, ("app.kubernetes.io/name", "veza"), ("app.kubernetes.io/component", "api")),
        ["workers"] = Pod(Here, ("app.kubernetes.io/name", "veza"), ("app.kubernetes.io/component", "workers")),
        ["postgres"] = Pod(Here, ("cnpg.io/cluster", "veza-postgres")),
        ["stranger"] = Pod(Here, ("app", "stranger")),
        ["ingress"] = Pod("ingress-nginx", ("app.kubernetes.io/name", "ingress-nginx")),
        ["prometheus"] = Pod("monitoring", ("app.kubernetes.io/name", "prometheus")),
        ["collector"] = Pod("monitoring", ("app.kubernetes.io/name", "otel-collector")),
        ["operator"] = Pod("cnpg-system", ("app.kubernetes.io/name", "cloudnative-pg")),
        ["dns"] = Pod("kube-system", ("k8s-app", "kube-dns")),
        ["elsewhere"] = Pod("other", ("app.kubernetes.io/name", "ingress-nginx")),
        ["control-plane"] = new(null, new Dictionary<string, string>(), IPAddress.Parse("10.20.3.4")),
        ["internet"] = new(null, new Dictionary<string, string>(), IPAddress.Parse("203.0.113.9")),
        ["metadata"] = new(null, new Dictionary<string, string>(), IPAddress.Parse("169.254.169.254")),
        ["pod-identity"] = new(null, new Dictionary<string, string>(), IPAddress.Parse("169.254.170.23")),
    };

    [Theory]
    [InlineData("ingress", "api", "http", true)]
    [InlineData("ingress", "api", "metrics", false)]
    [InlineData("ingress", "workers", "http", false)]
    [InlineData("ingress", "postgres", "5432", false)]
    [InlineData("elsewhere", "api", "http", false)]
    [InlineData("internet", "api", "http", false)]
    [InlineData("prometheus", "api", "metrics", true)]
    [InlineData("prometheus", "workers", "metrics", true)]
    [InlineData("prometheus", "api", "http", false)]
    [InlineData("prometheus", "postgres", "9187", true)]
    [InlineData("prometheus", "postgres", "5432", false)]
    [InlineData("control-plane", "api", "metrics", true)]
    [InlineData("control-plane", "api", "http", true)]
    [InlineData("control-plane", "postgres", "5432", false)]
    [InlineData("api", "postgres", "5432", true)]
    [InlineData("workers", "postgres", "5432", true)]
    [InlineData("api", "postgres", "8000", false)]
    [InlineData("stranger", "postgres", "5432", false)]
    [InlineData("stranger", "api", "http", false)]
    [InlineData("stranger", "internet", "443", false)]
    [InlineData("api", "workers", "http", false)]
    [InlineData("postgres", "postgres", "5432", true)]
    [InlineData("postgres", "api", "http", false)]
    [InlineData("operator", "postgres", "8000", true)]
    [InlineData("operator", "api", "http", false)]
    [InlineData("api", "dns", "53", true)]
    [InlineData("postgres", "dns", "53", true)]
    [InlineData("api", "internet", "443", true)]
    [InlineData("api", "internet", "80", false)]
    [InlineData("api", "internet", "587", false)]
    [InlineData("workers", "internet", "587", true)]
    [InlineData("api", "collector", "4317", true)]
    [InlineData("api", "prometheus", "9090", false)]
    [InlineData("api", "metadata", "443", false)]
    [InlineData("api", "metadata", "80", false)]
    [InlineData("api", "control-plane", "443", false)]
    [InlineData("postgres", "control-plane", "443", true)]
    [InlineData("postgres", "pod-identity", "80", true)]
    [InlineData("postgres", "metadata", "80", false)]
    public async Task A_connection_is_possible_only_where_it_is_needed(
        string from,
        string to,
        string port,
        bool possible
    )
    {
        var policies = (await Manifests.OfAsync("production")).OfKind("NetworkPolicy").ToList();

        Assert.Equal(possible, Allows(policies, Peers[from], Peers[to], port));
    }

    [Fact]
    public async Task Without_the_default_a_stranger_reaches_the_internet()
    {
        var policies = (await Manifests.OfAsync("production"))
            .OfKind("NetworkPolicy")
            .Where(policy => policy.Text("metadata", "name") is not ("default-deny" or "dns"));

        Assert.True(Allows([.. policies], Peers["stranger"], Peers["internet"], "443"));
    }

    private static bool Allows(List<JsonNode> policies, Peer from, Peer to, string port) =>
        Consents(policies, "Egress", from, to, port) && Consents(policies, "Ingress", to, from, port);

    /// <returns>
    /// True when no policy selects the pod in this direction, or one of those that do allows the peer.
    /// </returns>
    private static bool Consents(List<JsonNode> policies, string direction, Peer pod, Peer peer, string port)
    {
        if (pod.Namespace != Here)
            return true;
        var selecting = policies
            .Where(policy => policy.Items("spec", "policyTypes").Any(type => type.ToString() == direction))
            .Where(policy => policy.At("spec", "podSelector", "matchLabels").Labels().Matches(pod.Labels))
            .ToList();
        var (rules, peers) = direction == "Egress" ? ("egress", "to") : ("ingress", "from");
        return selecting.Count == 0
            || selecting
                .SelectMany(policy => policy.Items("spec", rules))
                .Any(rule =>
                    rule.Items(peers).Any(one => Describes(one, peer))
                    && rule.Items("ports").Any(one => one.Text("port") == port)
                );
    }

    private static bool Describes(JsonNode described, Peer peer)
    {
        if (described["ipBlock"] is { } block)
        {
            return peer.Address is { } address
                && IPNetwork.Parse(block.Text("cidr")!).Contains(address)
                && !block.Items("except").Any(except => IPNetwork.Parse(except.ToString()).Contains(address));
        }
        var space = described["namespaceSelector"] is { } selector
            ? selector.Text("matchLabels", "kubernetes.io/metadata.name")
            : Here;
        return peer.Namespace == space && described.At("podSelector", "matchLabels").Labels().Matches(peer.Labels);
    }

    private static Peer Pod(string space, params (string Name, string Value)[] labels) =>
        new(space, labels.ToDictionary(label => label.Name, label => label.Value), null);

    private sealed record Peer(string? Namespace, IReadOnlyDictionary<string, string> Labels, IPAddress? Address);
}
