using System.Text.RegularExpressions;
using Veza.Deploy.Tests.Monitoring.Watched;

namespace Veza.Deploy.Tests.Monitoring;

/// <summary>Rules and dashboards ask for what is there.</summary>
[Collection(WatchedCollection.Name)]
public sealed partial class ExpressionsTests(WatchedHosts hosts)
{
    /// <summary>Labels with values that failures alone give. The alerts' own tests show those.</summary>
    [GeneratedRegex("""\b(code|outcome|limit|http_response_status_code)(=|=~|!=)"[^"]*",? ?""")]
    private static partial Regex Failure();

    /// <summary>Series that a failure makes. The alerts' own tests show them.</summary>
    private static readonly string[] AppearWithFailures = ["veza_connections_refused_total"];

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private const int LooksMax = 240;

    [Fact]
    public async Task Every_rule_and_panel_returns_series_under_the_demo()
    {
        Assert.SkipUnless(WatchedHosts.IsWanted, WatchedHosts.WhyNot);
        (await Shell.RunAsync("demo/install")).Succeeded();
        var backup = await hosts.BackedUpAsync(TimeProvider.System.GetUtcNow(), "full", "media", "monthly");
        string[] command = ["node", Path.Combine(Shell.Root, "demo/demo.mjs"), "--url", hosts.Node1.Address];
        await using var demo = new Daemon(
            "demo",
            hosts.Folder,
            [.. command, "--home", hosts.Node1.Home, "--scale", "0.1"]
        );
        await demo.StartAsync();
        string[] wanted =
        [
            .. Expression.Panels.Select(panel => panel.Text),
            .. Expression.Rules.Where(rule => rule.Kind == ExpressionKind.Recording).Select(rule => rule.Text),
            .. Expression.Rules.Where(rule => rule.Kind == ExpressionKind.Recording).Select(rule => rule.Name),
            .. (await Expression.SelectorsAsync(Expression.Alerts))
                .SelectMany(selectors => selectors)
                .Where(selector => !AppearWithFailures.Contains(Name().Match(selector).Value))
                .Select(selector => Failure().Replace(selector, "")),
        ];
        List<string> empty = [.. wanted.Distinct()];
        using var look = new PeriodicTimer(LookEvery);
        for (var looks = 0; looks < LooksMax && empty.Count > 0; looks++)
        {
            foreach (var expression in empty.ToArray())
                if (await hosts.CountAsync(expression) > 0)
                    empty.Remove(expression);
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        File.Delete(backup);
        Assert.Empty(empty);
    }

    [GeneratedRegex("^[a-zA-Z_:][a-zA-Z0-9_:]*")]
    private static partial Regex Name();
}
