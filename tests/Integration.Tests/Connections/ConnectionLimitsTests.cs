using Veza.Api.Configuration;
using Veza.Api.Connections;

namespace Veza.Integration.Tests.Connections;

public sealed class ConnectionLimitsTests
{
    [Theory]
    [InlineData(900)]
    [InlineData(1024)]
    [InlineData(4096)]
    [InlineData(20_000)]
    [InlineData(1_048_576)]
    public void Everything_that_takes_a_file_fits_into_the_limit(int openFiles)
    {
        var settings = Parse();
        var limits = ConnectionLimits.For(settings, openFiles);

        var all =
            limits.Connections
            + ConnectionLimits.RequestFiles
            + ConnectionLimits.MetricsConnections
            + ConnectionLimits.ProcessFiles
            + settings.DatabasePoolSize;
        Assert.True(all <= openFiles, $"{all} of {openFiles}");
        Assert.InRange(limits.Live, 1, Math.Min(limits.Connections - 1, ConnectionLimits.LiveDefaultMax));
        Assert.InRange(limits.PerNetwork, 1, limits.Connections / 4);
    }

    [Fact]
    public void The_19_000_live_connections_of_the_bench_fit_into_20_000_files() =>
        Assert.InRange(ConnectionLimits.For(Parse(), 20_000).Live, 19_000, 20_000);

    [Fact]
    public void A_number_of_live_connections_that_does_not_fit_stops_the_start()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() =>
            ConnectionLimits.For(Parse(("MAX_CONNECTIONS", "100000")), 4096)
        );

        var problem = Assert.Single(refused.Problems);
        Assert.StartsWith(
            "MAX_CONNECTIONS=100000 does not fit: this process may open 4096 files (ulimit -n)",
            problem,
            StringComparison.Ordinal
        );
        var enough = int.Parse(problem.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(100_000, ConnectionLimits.For(Parse(("MAX_CONNECTIONS", "100000")), enough).Live);
    }

    [Fact]
    public void A_limit_that_is_too_low_for_anybody_stops_the_start() =>
        Assert.Contains(
            "this process may open 256 files (ulimit -n)",
            Assert.Throws<InvalidSettingsException>(() => ConnectionLimits.For(Parse(), 256)).Problems[0],
            StringComparison.Ordinal
        );

    [Fact]
    public void A_network_may_be_given_more_than_a_quarter_and_never_more_than_there_is()
    {
        Assert.Equal(1000, ConnectionLimits.For(Parse(("MAX_CONNECTIONS_PER_NETWORK", "1000")), 2048).PerNetwork);
        var limits = ConnectionLimits.For(Parse(("MAX_CONNECTIONS_PER_NETWORK", "10000000")), 2048);
        Assert.Equal(limits.Connections, limits.PerNetwork);
    }

    [Fact]
    public void The_limit_of_open_files_is_the_soft_one()
    {
        Assert.Equal(
            512,
            OpenFiles.Parse(
                "Limit                     Soft Limit           Hard Limit           Units     \n"
                    + "Max open files            512                  20000                files     \n"
            )
        );
        Assert.Equal(
            int.MaxValue,
            OpenFiles.Parse("Max open files            unlimited            unlimited            files     \n")
        );
        Assert.True(OpenFiles.Max > 0);
    }

    private static VezaSettings Parse(params (string Name, string Value)[] variables) =>
        VezaSettings.Parse(variables.ToDictionary(v => v.Name, v => v.Value));
}
