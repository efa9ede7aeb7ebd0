using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>
/// The configuration as it ships, with all times divided by <see cref="Factor"/>: ranges, how long an alert must hold,
/// and how long Alertmanager waits. The bounds stay.
/// </summary>
/// <remarks>
/// The range of MailFails stays as well: after some failures the reactor that sends mails rests for a minute, and rests
/// as long here.
/// </remarks>
internal static partial class ShortTimes
{
    /// <summary>5 minutes become 5 seconds, of which each second has a sample.</summary>
    public const int Factor = 60;

    [GeneratedRegex(
        @"(?<!send_mail.*)(?<=\[|\b(?:for|group_wait|group_interval|repeat_interval): )(\d+)([smhd])(?=\]|$)",
        RegexOptions.Multiline
    )]
    private static partial Regex Time();

    [GeneratedRegex(@"^ +interval: \w+\n", RegexOptions.Multiline)]
    private static partial Regex Interval();

    [GeneratedRegex(@"^  - name: ([\w-]+)$", RegexOptions.Multiline)]
    private static partial Regex Receiver();

    /// <summary>Rules, each evaluated every second.</summary>
    public static string Rules(string shipped) => Divided(Interval().Replace(shipped, ""));

    [GeneratedRegex(@"file_sd_configs:\n +- files: \[targets/(\w+)\.yml\]")]
    private static partial Regex Targets();

    /// <summary>
    /// The shipped jobs, scraped every second. PostgreSQL's exporter asks a server that is gone again after a second,
    /// and answers only then.
    /// </summary>
    /// <param name="targets">Of each file of targets. Files would need one of a user's 128 watches.</param>
    public static string Prometheus(
        string shipped,
        string self,
        string blackbox,
        IReadOnlyDictionary<string, string[]> targets
    ) =>
        Targets()
            .Replace(
                shipped
                    .Replace("_interval: 15s", "_interval: 1s", StringComparison.Ordinal)
                    .Replace(
                        "job_name: postgres\n",
                        "job_name: postgres\n    scrape_interval: 2s\n    scrape_timeout: 2s\n",
                        StringComparison.Ordinal
                    )
                    .Replace("localhost:9090", self, StringComparison.Ordinal)
                    .Replace("localhost:9115", blackbox, StringComparison.Ordinal),
                match => "static_configs: [{targets: " + JsonSerializer.Serialize(targets[match.Groups[1].Value]) + "}]"
            );

    /// <summary>The shipped routes and inhibitions. Each receiver is a path of a webhook.</summary>
    public static string Alertmanager(string shipped, string webhook)
    {
        var receivers = shipped.IndexOf("\nreceivers:", StringComparison.Ordinal);
        var routes = shipped[shipped.IndexOf("\nroute:", StringComparison.Ordinal)..receivers];
        var names = Receiver().Matches(shipped[receivers..]).Select(match => match.Groups[1].Value);
        return Divided(routes)
            + "\nreceivers:\n"
            + string.Concat(
                names.Select(name => $"  - name: {name}\n    webhook_configs:\n      - url: {webhook}/{name}\n")
            );
    }

    private static string Divided(string text) =>
        Time()
            .Replace(text, match =>
            {
                var seconds = match.Groups[2].Value switch
                {
                    "s" => 1,
                    "m" => 60,
                    "h" => 3600,
                    _ => 86_400,
                };
                var milliseconds = long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * seconds * 1000;
                return $"{milliseconds / Factor}ms";
            });
}
