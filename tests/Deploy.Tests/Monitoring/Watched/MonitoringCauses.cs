namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>Prometheus, Alertmanager and the exporters.</summary>
internal static class MonitoringCauses
{
    /// <summary>Both sides have many series of one job.</summary>
    private const string AmbiguousRule = """
        groups:
          - name: ambiguous
            rules:
              - record: ambiguous
                expr: up * on (job) up
        """;

    public static readonly IReadOnlyList<Cause> All =
    [
        new(
            "an exporter is stopped",
            ["ScrapeFails"],
            Causes.Between(hosts => hosts.StandbyExporter.StopAsync(), hosts => hosts.StandbyExporter.StartAsync())
        ),
        new(
            "one of two Alertmanagers is killed",
            ["AlertmanagerDown"],
            Causes.Between(hosts => hosts.OtherAlertmanager.KillAsync(), hosts => hosts.OtherAlertmanager.StartAsync())
        ),
        new(
            "a receiver refuses its key",
            ["NotificationsFail"],
            Causes.Between(hosts => RefuseAsync(hosts, "dead-man"), hosts => RefuseAsync(hosts, null))
        ),
        new(
            "a rule is ambiguous",
            ["RulesFail"],
            Causes.Between(
                hosts => ChangeAsync(hosts, path => File.WriteAllText(path, AmbiguousRule)),
                hosts => ChangeAsync(hosts, File.Delete)
            )
        ),
        new(
            "the configuration has a mistake",
            ["ConfigurationRejected"],
            Causes.Between(
                hosts => ChangeAsync(hosts, path => File.WriteAllText(path, "groups: none\n")),
                hosts => ChangeAsync(hosts, File.Delete)
            )
        ),
    ];

    private static Task RefuseAsync(WatchedHosts hosts, string? receiver)
    {
        hosts.Receiver.Refused = receiver;
        return Task.CompletedTask;
    }

    private static Task ChangeAsync(WatchedHosts hosts, Action<string> change)
    {
        change(Path.Combine(hosts.PrometheusFolder, "rules", "another.yml"));
        return hosts.ReloadAsync();
    }
}
