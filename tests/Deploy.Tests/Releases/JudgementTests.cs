namespace Veza.Deploy.Tests.Releases;

/// <summary>When deploy.sh holds a new release for worse than the old one.</summary>
public sealed class JudgementTests
{
    private const string Limits =
        "FAILED_PER_MILLE_MAX=10 REQUESTS_MIN=20 SLOW_TIMES=2 SLOW_MS_MIN=50 SLOW_ALONE_MS=500";

    [Theory]
    // Requests, failed ones and microseconds: of the old release, of the new one.
    [InlineData("1000 0 0", "100 1 0", "")]
    [InlineData("1000 0 0", "100 2 0", "2 of its 100 requests failed; of the old release's, 0 of 1000")]
    [InlineData("1000 30 0", "100 4 0", "")]
    [InlineData("1000 0 0", "19 19 0", "")]
    [InlineData("0 0 0", "100 2 0", "2 of its 100 requests failed; of the old release's, 0 of 1")]
    public async Task A_release_is_worse_by_its_failed_requests(string old, string fresh, string why) =>
        Assert.Equal(why, (await BashAsync($"failing '{old}' '{fresh}'")).Trim());

    [Theory]
    // 100 requests of 1 ms, and of 40 ms: no one waits.
    [InlineData("100 0 100000", "100 0 4000000", "")]
    // Three times as long, and above the floor.
    [InlineData("100 0 2000000", "100 0 6000000", "a request takes it 60 ms; the old release, 20 ms; more than 50 ms")]
    // Both are slow, as on a busy host.
    [InlineData("100 0 90000000", "100 0 170000000", "")]
    [InlineData("100 0 90000000", "100 0 190000000", "a request takes it 1900 ms; the old release, 900 ms")]
    [InlineData("100 0 2000000", "19 0 190000000", "")]
    // Nothing to compare with.
    [InlineData("19 0 19000", "100 0 49000000", "")]
    [InlineData("0 0 0", "100 0 51000000", "a request takes it 510 ms; the old release, unknown ms; more than 500 ms")]
    public async Task A_window_is_slow_by_the_mean_duration_of_both_releases(string old, string fresh, string why)
    {
        var answer = (await BashAsync($"slower '{old}' '{fresh}'")).Trim();
        if (why.Length == 0)
            Assert.Empty(answer);
        else
            Assert.StartsWith(why, answer);
    }

    [Fact]
    public async Task Long_answers_and_monitoring_do_not_count()
    {
        const string Metrics = """
            http_server_request_duration_seconds_bucket{http_response_status_code="200",http_route="/a",le="0.5"} 90
            http_server_request_duration_seconds_sum{http_response_status_code="200",http_route="/a"} 4000.25
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/a"} 100
            http_server_request_duration_seconds_sum{http_response_status_code="503",http_route="/a"} 1.5
            http_server_request_duration_seconds_count{http_response_status_code="503",http_route="/a"} 3
            http_server_request_duration_seconds_sum{http_response_status_code="200",http_route="/api/v1/live"} 900
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/health/ready"} 7
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/metrics"} 7
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/api/v1/live"} 7
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/live/{id}"} 7
            http_server_request_duration_seconds_count{http_response_status_code="101",http_route="/hubs/live"} 7
            """;
        Assert.Equal(
            "103 3 4001750000",
            (await BashAsync($"platform_metrics() {{ echo '{Metrics}'; }}; totals blue")).Trim()
        );
    }

    [Fact]
    public async Task A_process_that_started_anew_counts_from_zero() =>
        Assert.Equal("5 1 0", (await BashAsync("since '100 2 3' '5 1 0'")).Trim());

    private static async Task<string> BashAsync(string command) =>
        (await Shell.RunAsync("bash", "-c", $". deploy/scripts/environment.sh; {Limits}; {command}")).Succeeded();
}
