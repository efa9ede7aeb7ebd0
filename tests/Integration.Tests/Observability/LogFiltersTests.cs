using Microsoft.Extensions.Logging;
using Veza.Api.Configuration;
using Veza.Api.Observability;

namespace Veza.Integration.Tests.Observability;

/// <summary>The log's level and its exceptions apply to both formats.</summary>
public sealed class LogFiltersTests
{
    /// <summary>Its lines hold complete URLs, and those of the hubs carry the access token.</summary>
    [Theory]
    [InlineData("json", "trace")]
    [InlineData("text", "trace")]
    [InlineData("json", "info")]
    [InlineData("text", "info")]
    public void Lines_that_may_hold_a_token_are_logged_at_no_level(string form, string level)
    {
        using var loggers = Loggers(form, level);
        var hosting = loggers.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics");
        Assert.False(hosting.IsEnabled(LogLevel.Information));
        Assert.True(hosting.IsEnabled(LogLevel.Warning));
    }

    [Theory]
    [InlineData("json")]
    [InlineData("text")]
    public void Lines_below_the_level_are_not_logged(string form)
    {
        using var loggers = Loggers(form, "info");
        Assert.True(loggers.CreateLogger("Veza").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("Veza").IsEnabled(LogLevel.Debug));
        Assert.False(loggers.CreateLogger("Npgsql.Command").IsEnabled(LogLevel.Information));
    }

    private static ILoggerFactory Loggers(string form, string level)
    {
        var variables = new Dictionary<string, string> { ["LOG_FORMAT"] = form, ["LOG_LEVEL"] = level };
        var settings = VezaSettings.Parse(variables);
        return LoggerFactory.Create(logging => Telemetry.AddLogging(logging, settings));
    }
}
