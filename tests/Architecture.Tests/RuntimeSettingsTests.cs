using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

/// <summary>This program runs under the product's runtime settings and reads back their effective values.</summary>
public sealed class RuntimeSettingsTests
{
    private const string Decision = "docs/decisions/0060-runtime-settings-travel-with-the-program.md";

    private static readonly Dictionary<string, string> Set = JsonDocument
        .Parse(Read("src/Cli/runtimeconfig.template.json"))
        .RootElement.GetProperty("configProperties")
        .EnumerateObject()
        .ToDictionary(p => p.Name, p => p.Value.ToString());

    [Fact]
    public void Every_setting_reaches_the_runtime() =>
        Assert.All(Set, setting => Assert.Equal(setting.Value, AppContext.GetData(setting.Key)));

    [Fact]
    public void The_products_program_carries_them()
    {
        var built = Path.Combine(AppContext.BaseDirectory, "Veza.Cli.runtimeconfig.json");
        var properties = JsonDocument
            .Parse(File.ReadAllText(built))
            .RootElement.GetProperty("runtimeOptions")
            .GetProperty("configProperties");
        Assert.All(Set, setting => Assert.Equal(setting.Value, properties.GetProperty(setting.Key).ToString()));
    }

    /// <summary>The runtime has no public property for it. Without the setting the count is 70.</summary>
    [Fact]
    public void A_pool_thread_without_work_does_not_spin()
    {
        var worker = typeof(object).Assembly.GetType("System.Threading.PortableThreadPool+WorkerThread")!;
        var semaphore = worker
            .GetFields(BindingFlags.NonPublic | BindingFlags.Static)
            .Select(field => field.GetValue(null))
            .Single(value => SpinCount(value) is not null)!;
        Assert.Equal(0, Convert.ToInt32(SpinCount(semaphore)!.GetValue(semaphore)));

        static FieldInfo? SpinCount(object? of) =>
            of?.GetType().GetField("_spinCount", BindingFlags.NonPublic | BindingFlags.Instance);
    }

    /// <summary>A deployment without the script needs the settings from the documentation.</summary>
    [Fact]
    public void The_runtime_settings_of_the_script_are_documented()
    {
        var exported = Regex
            .Matches(Read("veza"), @"export (DOTNET_[A-Za-z0-9_]+)=\$")
            .Select(m => m.Groups[1].Value)
            .ToList();
        Assert.NotEmpty(exported);
        Assert.All(exported, name => Assert.Contains(name, Read(Decision)));
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path));
}
