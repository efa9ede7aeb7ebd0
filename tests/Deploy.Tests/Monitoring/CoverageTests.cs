using System.Text.RegularExpressions;
using Veza.Deploy.Tests.Monitoring.Watched;

namespace Veza.Deploy.Tests.Monitoring;

/// <summary>The short form of what <see cref="AlertsTests"/> and <see cref="ExpressionsTests"/> show.</summary>
public sealed partial class CoverageTests
{
    /// <summary>Names of exporters' series that rules and dashboards use. The long test scrapes each.</summary>
    private static readonly string[] Exported = File.ReadAllLines(
        Path.Combine(Shell.Root, "tests/Deploy.Tests/Monitoring/exported-names.txt")
    );

    [Fact]
    public async Task Every_name_is_one_of_Veza_of_an_exporter_or_of_a_recording_rule()
    {
        var documented = await File.ReadAllTextAsync(Path.Combine(Shell.Root, "docs/reference/metrics.md"));
        string[] recorded = [.. Expression.Rules.Select(rule => rule.Name)];
        var names = await NamesAsync();

        var others = names
            .Except(recorded)
            // Written by backup.sh.
            .Except(["veza_backup_last_success_timestamp_seconds"])
            .Where(name => !documented.Contains($"`{Suffix().Replace(name, "")}`", StringComparison.Ordinal));
        Assert.Equal(Exported, others.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_alert_has_a_cause_here_or_a_reason_why_promtool_alone_shows_it()
    {
        var caused = Causes.All.SelectMany(cause => cause.Alerts.Concat(cause.Afterwards).Concat(cause.HeldBack));
        var all = caused.Concat(Causes.ShownByPromtoolAlone.Keys).Distinct().Order();
        Assert.Equal(Expression.Alerts.Select(alert => alert.Name).Order(), all);
        Assert.Empty(caused.Intersect(Causes.ShownByPromtoolAlone.Keys));
    }

    private static async Task<IEnumerable<string>> NamesAsync() =>
        (await Expression.SelectorsAsync(Expression.Rules.Concat(Expression.Panels)))
            .SelectMany(selectors => selectors)
            .Select(selector => Name().Match(selector).Value)
            .Distinct();

    [GeneratedRegex("^[a-zA-Z_:][a-zA-Z0-9_:]*")]
    private static partial Regex Name();

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex Suffix();
}
