namespace Veza.Deploy.Tests.Kubernetes;

public sealed class StrictManifestsTests
{
    public static TheoryData<string> Environments => [.. Manifests.Environments];

    [Theory, MemberData(nameof(Environments))]
    public async Task Every_object_has_only_known_fields_of_the_right_types(string environment) =>
        Assert.Empty(StrictManifests.Faults((await Manifests.OfAsync(environment)).Text));

    [Theory]
    [InlineData("kind: Deployment", "      terminationGracePeriodSeconds:", "      terminationGraceSeconds:")]
    [InlineData("kind: Deployment", "maxUnavailable: 0", "maxUnavailble: 0")]
    [InlineData("kind: Deployment", "runAsUser: 10001", "runAsUser: veza")]
    [InlineData("kind: Ingress", "pathType: Prefix", "pathKind: Prefix")]
    [InlineData("kind: NetworkPolicy", "policyTypes:", "policyType:")]
    [InlineData("kind: HorizontalPodAutoscaler", "maxReplicas:", "maxReplica:")]
    [InlineData("kind: Cluster", "dataDurability: required", "dataDurability: always")]
    [InlineData("kind: Cluster", "instances: 3", "instances: three")]
    [InlineData("kind: Cluster", "  walStorage:", "  walsStorage:")]
    [InlineData("kind: ScheduledBackup", "  schedule:", "  shedule:")]
    [InlineData("kind: ObjectStore", "destinationPath:", "destination:")]
    [InlineData("kind: ExternalSecret", "secretKey: jwt_secret", "secretName: jwt_secret")]
    [InlineData("kind: SecretStore", "version: v2", "version: v3")]
    [InlineData("kind: PodMonitor", "podMetricsEndpoints:", "podMetricEndpoints:")]
    public async Task A_misspelt_field_or_a_wrong_value_is_refused(string kind, string right, string wrong)
    {
        var documents = (await Manifests.OfAsync("production")).Text.Split("\n---\n");
        var document = documents.First(one =>
            one.Contains(kind, StringComparison.Ordinal) && one.Contains(right, StringComparison.Ordinal)
        );

        Assert.NotEmpty(StrictManifests.Faults(document.Replace(right, wrong, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_kind_without_a_schema_is_refused() =>
        Assert.Single(StrictManifests.Faults("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"));
}
