namespace Veza.Deploy.Tests.Releases;

/// <summary>deploy.sh on Kubernetes, over a stand-in that keeps what kubectl was asked for.</summary>
public sealed class KubernetesReleaseTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("veza-kubectl-").FullName;

    public KubernetesReleaseTests()
    {
        Set("service-veza", "blue");
        Set("version-veza-api-blue", "1.0.0");
        Set("replicas-veza-api-blue", "3");
        Set("replicas-veza-workers-blue", "2");
        File.WriteAllText(
            Path.Combine(_state, "test.env"),
            $"""
            PLATFORM=kubernetes
            NAMESPACE=veza-test
            KUBECTL={Shell.Root}/deploy/test/stand-ins/kubectl
            DEPLOY_LOG={_state}/log
            WATCH_SECONDS=0
            WARM_UP_SECONDS=0
            REPLICAS_MIN=1
            """
        );
    }

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Blue_green_starts_the_idle_slot_at_the_size_of_the_other_and_moves_the_service()
    {
        (await DeployAsync("1.1.0", "blue-green")).Succeeded();
        Assert.Equal("green", Get("service-veza"));
        Assert.Equal(("1.1.0", "3"), (Get("version-veza-api-green"), Get("replicas-veza-api-green")));
        Assert.Equal(("1.1.0", "2"), (Get("version-veza-workers-green"), Get("replicas-veza-workers-green")));
        Assert.Equal(("0", "0"), (Get("replicas-veza-api-blue"), Get("replicas-veza-workers-blue")));
    }

    [Fact]
    public async Task A_canary_gets_its_share_step_by_step()
    {
        (await DeployAsync("1.1.0", "canary")).Succeeded();
        var weights = File.ReadLines(Path.Combine(_state, "calls"))
            .Where(call => call.Contains("canary-weight", StringComparison.Ordinal))
            .Select(call => call.Split('=')[^1]);
        Assert.Equal(["5", "25", "50", "0"], weights);
        Assert.Equal("green", Get("service-veza"));
    }

    [Fact]
    public async Task Rolling_changes_the_slot_that_serves()
    {
        (await DeployAsync("1.1.0", "rolling")).Succeeded();
        Assert.Equal(("blue", "1.1.0"), (Get("service-veza"), Get("version-veza-api-blue")));
    }

    [Theory]
    [InlineData("rolling")]
    [InlineData("blue-green")]
    [InlineData("canary")]
    public async Task A_release_that_does_not_roll_out_goes_back(string strategy)
    {
        var result = await DeployAsync("1.1.0", strategy, broken: "1.1.0");
        Assert.True(result.Code == 1, result.Errors);
        Assert.Equal("1.0.0", Get("version-veza-api-blue"));
        Assert.Equal(("3", "2"), (Get("replicas-veza-api-blue"), Get("replicas-veza-workers-blue")));
        Assert.Equal("blue", Get("service-veza"));
        Assert.False(File.Exists(Path.Combine(_state, "veza-deploy-lock")));
    }

    [Fact]
    public async Task A_second_deployment_is_refused_by_name_of_the_first()
    {
        Set("veza-deploy-lock", "ana@build1");
        var result = await DeployAsync("1.1.0", "canary");
        Assert.Equal(1, result.Code);
        Assert.Contains("another deployment holds the lock (ana@build1)", result.Errors);
        Assert.Equal("ana@build1", Get("veza-deploy-lock"));
    }

    private Task<ShellResult> DeployAsync(string version, string strategy, string broken = "") =>
        Shell.RunAsync(
            "deploy/scripts/deploy.sh",
            [$"{_state}/test.env", version, "--strategy", strategy],
            new Dictionary<string, string> { ["KUBECTL_STATE"] = _state, ["KUBECTL_BROKEN"] = broken }
        );

    private void Set(string name, string value) => File.WriteAllText(Path.Combine(_state, name), value);

    private string Get(string name) => File.ReadAllText(Path.Combine(_state, name)).Trim();
}
