using Veza.Deploy.Tests.Monitoring.Watched;

namespace Veza.Deploy.Tests.Monitoring;

/// <summary>Alerts fire by what they are about, and reach who they are for.</summary>
[Collection(WatchedCollection.Name)]
public sealed class AlertsTests(WatchedHosts hosts)
{
    public static TheoryData<string> Each => [.. Causes.All.Select(cause => cause.What)];

    [Theory, MemberData(nameof(Each))]
    public async Task An_alert_fires_by_its_cause_and_reaches_its_receiver(string what)
    {
        Assert.SkipUnless(WatchedHosts.IsWanted, WatchedHosts.WhyNot);
        var cause = Causes.All.Single(one => one.What == what);
        if (!cause.IsLasting)
            foreach (var alert in cause.Alerts)
                await hosts.QuietAsync(alert);
        // Before the cause begins, as its beginning may take longer than the delivery.
        var before = cause.Alerts.ToDictionary(alert => alert, alert => cause.IsLasting ? 0 : Delivered(alert));
        Task[] afterwards;
        await using (await cause.Begin(hosts))
        {
            await Task.WhenAll(before.Select(one => FiresAsync(one.Key, one.Value)));
            await Task.WhenAll(cause.HeldBack.Select(hosts.IsHeldBackAsync));
            afterwards = [.. cause.Afterwards.Select(alert => FiresAsync(alert, Delivered(alert)))];
        }
        await Task.WhenAll(afterwards);
    }

    private int Delivered(string alert) => hosts.Delivered(alert, SeverityOf(alert));

    private Task FiresAsync(string alert, int after) => hosts.FiresAsync(alert, SeverityOf(alert), after);

    private static string SeverityOf(string alert) => Expression.Alerts.Single(one => one.Name == alert).Severity;
}
