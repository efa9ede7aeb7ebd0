using System.Globalization;
using System.Text.RegularExpressions;

namespace Veza.Deploy.Tests.Linux;

public sealed partial class SystemdUnitTests
{
    private const string Unit = "deploy/linux/systemd/veza@.service";

    /// <summary>0 is a service that may do nothing, 10 one that may do everything.</summary>
    private const double ExposureMax = 2.0;

    /// <summary>What systemd-analyze is linked to, and a Debian without systemd lacks.</summary>
    private static readonly (string Package, string Folder)[] Libraries =
    [
        ("libsystemd-shared", "usr/lib/x86_64-linux-gnu/systemd"),
        ("libapparmor1", "usr/lib/x86_64-linux-gnu"),
        ("libseccomp2", "usr/lib/x86_64-linux-gnu"),
        ("libkmod2", "lib/x86_64-linux-gnu"),
        ("libip4tc2", "usr/lib/x86_64-linux-gnu"),
    ];

    [Fact]
    public async Task The_unit_exposes_little_of_the_host()
    {
        var report = (await AnalyzeAsync("security", "--offline=true", "--no-pager", Unit)).Succeeded();
        var exposure = Exposure().Match(report).Groups[1].Value;

        Assert.True(double.Parse(exposure, CultureInfo.InvariantCulture) <= ExposureMax, report);
    }

    [Fact]
    public async Task The_unit_has_no_setting_that_systemd_of_Debian_12_does_not_know()
    {
        var report = await AnalyzeAsync("--man=no", "verify", Unit);

        Assert.DoesNotContain("ignoring", report.Output + report.Errors);
    }

    [Fact]
    public void Systemd_waits_longer_than_Veza_takes_to_stop()
    {
        var unit = File.ReadAllText(Path.Combine(Shell.Root, Unit));
        var host = File.ReadAllText(Path.Combine(Shell.Root, "src/Api/VezaHost.cs"));
        var shutdown = int.Parse(ShutdownTimeout().Match(host).Groups[1].Value, CultureInfo.InvariantCulture);
        var patience = int.Parse(StopSeconds().Match(unit).Groups[1].Value, CultureInfo.InvariantCulture);

        Assert.True(patience > shutdown, $"TimeoutStopSec={patience}, and Veza takes up to {shutdown} s");
    }

    private static async Task<ShellResult> AnalyzeAsync(params string[] arguments)
    {
        var analyzer = await Shell.DebianFileAsync("systemd", "usr/bin/systemd-analyze");
        var libraries = new List<string>();
        foreach (var (package, folder) in Libraries)
            libraries.Add(await Shell.DebianFileAsync(package, folder));
        return await Shell.RunAsync(
            analyzer,
            arguments,
            new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = string.Join(':', libraries) }
        );
    }

    [GeneratedRegex("Overall exposure level for [^:]+: ([0-9.]+)")]
    private static partial Regex Exposure();

    [GeneratedRegex(@"ShutdownTimeout = TimeSpan\.FromSeconds\((\d+)\)")]
    private static partial Regex ShutdownTimeout();

    [GeneratedRegex(@"(?m)^TimeoutStopSec=(\d+)$")]
    private static partial Regex StopSeconds();
}
