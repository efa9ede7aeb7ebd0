namespace Veza.Deploy.Tests.Releases;

/// <summary>What deploy.sh leaves when it cannot go on, wherever it is.</summary>
public sealed class InterruptedReleaseTests
{
    private const string OldEverywhere = "app1:8080=100\napp2:8080=100";

    [Theory]
    // Ctrl-C while the second node starts, in the middle of a watch, and while the weights change; a lost terminal.
    [InlineData("INT", "rolling", "app2 VEZA_READY_SECONDS=120 veza-slot start")]
    [InlineData("INT", "blue-green", "app2 VEZA_READY_SECONDS=120 veza-slot start")]
    [InlineData("TERM", "blue-green", "app2 VEZA_READY_SECONDS=120 veza-slot start")]
    [InlineData("INT", "canary", "app1 veza-slot metrics green")]
    [InlineData("TERM", "blue-green", "proxy veza-weights app1:8080=0")]
    [InlineData("HUP", "rolling", "app1 veza-slot stop blue")]
    public async Task A_signal_gives_all_requests_back_to_the_old_release(string signal, string strategy, string at)
    {
        using var hosts = new NotedHosts();
        hosts.Write("pause", at);
        var deployment = hosts.DeployAsync("1.1.0", strategy);
        await hosts.PausedAsync();
        await hosts.SignalAsync(signal);

        var result = await deployment;
        Assert.True(result.Code == 1, result.Errors);
        AssertAsBefore(hosts);
        Assert.Equal("rolled back: interrupted by a signal", hosts.Outcome);
        (await hosts.LockAsync()).Succeeded();
    }

    [Fact]
    public async Task A_second_deployment_is_refused_and_changes_nothing()
    {
        using var hosts = new NotedHosts();
        hosts.Write("pause", "veza-slot start green 1.1.0");
        var first = hosts.DeployAsync("1.1.0");
        await hosts.PausedAsync();

        var second = await hosts.DeployAsync("1.2.0");
        Assert.True(second.Code == 1, second.Errors);
        Assert.Contains("another deployment holds the lock on proxy", second.Errors);
        hosts.Go();
        (await first).Succeeded();
        Assert.Equal("1.0.0 stopped, 1.1.0 ready", hosts.Slots("app2"));
    }

    [Fact]
    public async Task A_reader_of_its_lines_that_is_gone_ends_no_deployment()
    {
        using var hosts = new NotedHosts();
        (await hosts.DeployToAsync("head -n 1", "1.1.0")).Succeeded();
        Assert.Equal("deployed", hosts.Outcome);
    }

    [Fact]
    public async Task A_node_that_ssh_loses_gives_all_requests_back_to_the_old_release()
    {
        using var hosts = new NotedHosts("WATCH_SECONDS=60");
        // It answers until its release is smoke-tested.
        hosts.Write("pause", "proxy veza-weights app1:8080=0");
        var deployment = hosts.DeployAsync("1.1.0", "blue-green");
        await hosts.PausedAsync();
        hosts.Write("lost", "app2 ");
        hosts.Go();

        var result = await deployment;
        Assert.True(result.Code == 1, result.Errors);
        Assert.Equal(OldEverywhere, hosts.Weights);
        Assert.Equal("1.0.0 ready, 1.1.0 stopped", hosts.Slots("app1"));
        Assert.Equal("rolled back: 1.1.0 is not ready on app2", hosts.Outcome);
        Assert.Contains("app2: 1.1.0 could not be stopped in green, and may still run", result.Errors);
    }

    [Fact]
    public async Task A_release_that_is_slow_in_three_windows_goes_back()
    {
        using var hosts = new NotedHosts("WATCH_SECONDS=60");
        hosts.Write("ms-1.1.0", "60");
        var result = await hosts.DeployAsync("1.1.0", "canary");
        Assert.True(result.Code == 1, result.Errors);
        AssertAsBefore(hosts);
        Assert.Contains("worse, in 3 of the latest 3 windows: a request takes it 60 ms", hosts.Outcome);
    }

    [Fact]
    public async Task The_nodes_after_the_first_start_at_the_same_time_and_one_that_does_not_start_stops_all()
    {
        using var hosts = new NotedHosts("VEZA_HOSTS='app1 app2 app3'");
        (await hosts.DeployAsync("1.0.0")).Succeeded();
        // It waits for ever, while the second is lost.
        hosts.Write("pause", "app3 VEZA_READY_SECONDS=120 veza-slot start");
        hosts.Write("lost", "app2 VEZA_READY_SECONDS=120 veza-slot start");
        var deployment = hosts.DeployAsync("1.1.0", "blue-green");
        await hosts.PausedAsync();
        await Eventually.TrueAsync(() => hosts.Calls.Contains("app3 veza-slot stop green"));
        hosts.Go();

        var result = await deployment;
        Assert.True(result.Code == 1, result.Errors);
        Assert.Equal("rolled back: 1.1.0 did not start on app2", hosts.Outcome);
        Assert.Equal("1.0.0 ready, 1.1.0 stopped", hosts.Slots("app1"));
        Assert.Equal("1.0.0 ready, 1.1.0 stopped", hosts.Slots("app3"));
    }

    [Fact]
    public async Task A_new_node_joins_by_the_version_that_serves()
    {
        using var hosts = new NotedHosts("VEZA_HOSTS='app1 app2 app3'");
        (await hosts.DeployAsync("1.0.0")).Succeeded();
        Assert.Equal($"{OldEverywhere}\napp3:8080=100", hosts.Weights);
        Assert.Equal("joined: app3", hosts.Outcome);
    }

    [Fact]
    public async Task A_new_node_that_cannot_join_gets_no_requests()
    {
        using var hosts = new NotedHosts("VEZA_HOSTS='app1 app2 app3'");
        hosts.Write("lost", "app3 bash");
        var result = await hosts.DeployAsync("1.0.0");
        Assert.True(result.Code == 1, result.Errors);
        AssertAsBefore(hosts);
        Assert.Equal("1.0.0 stopped, none none", hosts.Slots("app3"));
    }

    private static void AssertAsBefore(NotedHosts hosts)
    {
        Assert.Equal(OldEverywhere, hosts.Weights);
        foreach (var node in new[] { "app1", "app2" })
            Assert.StartsWith("1.0.0 ready, ", hosts.Slots(node));
        foreach (var node in new[] { "app1", "app2" })
            Assert.DoesNotContain("1.1.0 ready", hosts.Slots(node));
    }
}
