namespace Veza.Deploy.Tests.Releases;

/// <summary>When deploy.sh holds a new release for worse than the old one.</summary>
public sealed class JudgementTests
{
    private const string Limits = "FAILED_PER_MILLE_MAX=10 SLOW_PER_MILLE_MAX=50 REQUESTS_MIN=20 SLOW_SECONDS=0.5";

    [Theory]
    // Requests, failed and slow ones: of the old release, of the new one.
    [InlineData("1000 0 0", "100 1 0", "")]
    [InlineData("1000 0 0", "100 2 0", "2 of its 100 requests failed; of the old release's, 0 of 1000")]
    [InlineData("1000 30 0", "100 4 0", "")]
    [InlineData("1000 0 0", "100 0 6", "6 of its 100 requests took more than 0.5 s; of the old release's, 0 of 1000")]
    [InlineData("1000 0 100", "100 0 15", "")]
    [InlineData("1000 0 0", "19 19 19", "")]
    [InlineData("0 0 0", "100 2 0", "2 of its 100 requests failed; of the old release's, 0 of 1")]
    public async Task A_release_is_worse_by_its_failed_and_slow_requests(string old, string fresh, string why) =>
        Assert.Equal(why, (await BashAsync($"worse '{old}' '{fresh}'")).Trim());

    [Fact]
    public async Task Long_answers_are_no_slow_ones()
    {
        const string Metrics = """
            http_server_request_duration_seconds_bucket{http_response_status_code="200",http_route="/a",le="0.5"} 90
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/a"} 100
            http_server_request_duration_seconds_count{http_response_status_code="503",http_route="/a"} 3
            http_server_request_duration_seconds_bucket{http_response_status_code="503",http_route="/a",le="0.5"} 3
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/api/v1/live"} 7
            http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/live/{id}"} 7
            http_server_request_duration_seconds_count{http_response_status_code="101",http_route="/hubs/live"} 7
            """;
        Assert.Equal("103 3 10", (await BashAsync($"platform_metrics() {{ echo '{Metrics}'; }}; totals blue")).Trim());
    }

    [Fact]
    public async Task A_process_that_started_anew_counts_from_zero() =>
        Assert.Equal("5 1 0", (await BashAsync("since '100 2 3' '5 1 0'")).Trim());

    private static async Task<string> BashAsync(string command) =>
        (await Shell.RunAsync("bash", "-c", $". deploy/scripts/environment.sh; {Limits}; {command}")).Succeeded();
}
