namespace Veza.Deploy.Tests.Releases;

public sealed class WeightsTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("veza-weights-").FullName, "up.conf");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [Fact]
    public async Task A_node_of_weight_0_is_left_out()
    {
        (await WeighAsync("app1:8080=95", "app1:8081=5", "app2:8080=0")).Succeeded();
        Assert.Equal("app1:8080=95\napp1:8081=5\n", (await WeighAsync("--show")).Succeeded());
    }

    [Fact]
    public async Task Broadcasts_stay_on_their_nodes_until_these_are_gone()
    {
        (await WeighAsync("app1:8080=100", "app2:8080=100")).Succeeded();
        (await WeighAsync("app1:8081=100", "app2:8080=100")).Succeeded();
        Assert.Equal(["app2:8080"], Broadcasts());
        (await WeighAsync("app1:8081=100", "app2:8081=100")).Succeeded();
        Assert.Equal(["app1:8081", "app2:8081"], Broadcasts());
    }

    [Fact]
    public async Task Broadcasts_reach_a_new_node_when_asked_for()
    {
        (await WeighAsync("app1:8080=1")).Succeeded();
        (await WeighAsync("app1:8080=1", "app3:8080=1")).Succeeded();
        Assert.Equal(["app1:8080"], Broadcasts());
        (await WeighAsync("--rehash", "app1:8080=1", "app3:8080=1")).Succeeded();
        Assert.Equal(["app1:8080", "app3:8080"], Broadcasts());
    }

    [Fact]
    public async Task What_nginx_refuses_changes_nothing()
    {
        (await WeighAsync("app1:8080=1")).Succeeded();
        var before = await File.ReadAllTextAsync(_file, TestContext.Current.CancellationToken);
        Assert.Equal(1, (await WeighAsync("false", ["app2:8080=1"])).Code);
        Assert.Equal(before, await File.ReadAllTextAsync(_file, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("app1=1")]
    [InlineData("app1:80;=1")]
    [InlineData("app1:8080=0")]
    public async Task A_wrong_weight_or_none_at_all_is_refused(string weight) =>
        Assert.Equal(2, (await WeighAsync(weight)).Code);

    private Task<ShellResult> WeighAsync(params string[] arguments) => WeighAsync("true", arguments);

    private Task<ShellResult> WeighAsync(string nginx, string[] arguments) =>
        Shell.RunAsync(
            "deploy/nginx/veza-weights",
            arguments,
            new Dictionary<string, string>
            {
                ["VEZA_NGINX_UPSTREAM"] = _file,
                ["VEZA_NGINX"] = nginx,
                ["VEZA_NGINX_PID"] = _file + ".pid",
            }
        );

    private string[] Broadcasts() =>
        [
            .. File.ReadAllText(_file)
                .Split("upstream veza_broadcasts")[1]
                .Split('\n')
                .Where(line => line.StartsWith("  server", StringComparison.Ordinal))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]),
        ];
}
