using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Serilog;
using Serilog.Extensions.Logging;
using Veza.Api.Auth;
using Veza.Api.Configuration;
using Veza.Commands.Dispatching;
using Veza.Reactors.Running;

namespace Veza.Api.Observability;

/// <summary>Configures logs, metrics and traces from the settings.</summary>
public static class Telemetry
{
    private static readonly string[] Meters = ["Veza.*", "Npgsql", "System.Runtime", "System.Net.*", "Wolverine*"];
    private static readonly string[] Sources = ["Veza.*", "Npgsql", "Wolverine"];

    public static void AddLogging(ILoggingBuilder logging, VezaSettings settings)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(Level(settings.LogLevel));
        // Its lines hold whole addresses, and those of the hubs contain the access token.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        // It logs every failed probe; RememberedHealth logs when a failure begins and ends, and a check's exceptions.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService", LogLevel.Critical);
        // Wolverine logs a failed message with its whole content, in a category named after the message's type. The
        // exception itself reaches the sender of the command and is logged there.
        logging.AddFilter(typeof(CommandBus).Assembly.GetName().Name, LogLevel.None);
        // The same for reactors, which log their failures themselves.
        logging.AddFilter(typeof(Appended<>).FullName!.Split('`')[0], LogLevel.None);
        // The libraries' messages about each request are only for those who set a lower level.
        if (settings.LogLevel >= LogDetail.Info)
        {
            logging.AddFilter("Microsoft", LogLevel.Warning);
            logging.AddFilter("Npgsql", LogLevel.Warning);
            logging.AddFilter("System", LogLevel.Warning);
            // It logs every message that waits for another attempt as an error, and once a second at length that the
            // database is unreachable. Reactors log their failures; each one's queue shows its waiting events and dead
            // letters.
            logging.AddFilter("Wolverine", LogLevel.Critical);
            logging.AddFilter("JasperFx", LogLevel.Warning);
            // Any client can have bad tokens refused without end; the answers say what was wrong.
            logging.AddFilter(typeof(BearerHandler).FullName, LogLevel.Warning);
        }
        logging.Services.TryAddSingleton(TimeProvider.System);
        if (settings.LogFormat == LogForm.Json)
        {
            // Serilog's own AddSerilog would add a filter that lets everything through, in spite of the filters above.
            var log = JsonLog(new(settings.ServiceName, settings.Version));
            logging.AddProvider(new SerilogLoggerProvider(log, dispose: true));
            // Serilog itself adds trace and span; the framework's scope would repeat them among the values.
            logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.None);
            return;
        }
        logging.AddConsoleFormatter<TextLogFormatter, ConsoleFormatterOptions>();
        logging.AddConsole(console => console.FormatterName = TextLogFormatter.FormatterName);
    }

    /// <summary>The framework's log filters apply before Serilog sees a message.</summary>
    private static Serilog.Core.Logger JsonLog(LogOrigin origin) =>
        new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Console(new JsonLogFormatter(origin)).CreateLogger();

    public static void AddMetricsAndTraces(IHostApplicationBuilder builder, VezaSettings settings)
    {
        var exported = settings.OtlpEndpoint is not null;
        // Address, headers, protocol and sampling: the SDK takes its standard variables from the host's configuration.
        if (exported)
            builder.Configuration.AddInMemoryCollection(settings.OtelVariables);
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => Name(resource, settings));
        if (settings.MetricsEnabled)
        {
            builder.Services.AddSingleton<ScrapeFaults>();
            // Each host has its own instances of these meters. If a host also collected those of others, it would lose
            // its own with theirs: the SDK merges instruments of one name, and ends them with the first.
            builder.Metrics.EnableMetrics("Microsoft.AspNetCore", null, null, MeterScope.Local);
            telemetry.WithMetrics(metrics =>
            {
                metrics.AddMeter(Meters).AddView(MetricViews.Of).AddPrometheusExporter(Expose);
                if (exported)
                    metrics.AddOtlpExporter();
                // A measurement within a sampled request is kept with its trace, one a bucket.
                if (settings.TracesExported)
                    metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
            });
        }
        if (settings.TracesExported)
            telemetry.WithTracing(traces => traces.AddAspNetCoreInstrumentation().AddSource(Sources).AddOtlpExporter());
    }

    /// <summary>
    /// Starts to listen before the first request. The container disposes all of it at the end, which sends the rest.
    /// </summary>
    public static void Start(IServiceProvider services)
    {
        services.GetService<ScrapeFaults>();
        services.GetService<TracerProvider>();
        services.GetService<MeterProvider>();
    }

    private static void Name(ResourceBuilder resource, VezaSettings settings)
    {
        var exported = settings.OtlpEndpoint is not null;
        resource.Clear();
        if (exported)
            resource.AddTelemetrySdk().AddEnvironmentVariableDetector();
        // Prometheus distinguishes the instances by their scrape address.
        resource.AddService(
            settings.ServiceName,
            serviceVersion: settings.Version,
            autoGenerateServiceInstanceId: exported
        );
    }

    private static void Expose(PrometheusAspNetCoreOptions prometheus)
    {
        prometheus.ScopeInfoEnabled = false;
        prometheus.ScrapeResponseCacheDurationMilliseconds = (int)MetricsEndpoint.CachedFor.TotalMilliseconds;
        prometheus.MaxScrapeResponseSizeBytes = MetricsEndpoint.TextBytesMax;
    }

    private static LogLevel Level(LogDetail detail) =>
        detail switch
        {
            LogDetail.Trace => LogLevel.Trace,
            LogDetail.Debug => LogLevel.Debug,
            LogDetail.Warning => LogLevel.Warning,
            LogDetail.Error => LogLevel.Error,
            _ => LogLevel.Information,
        };
}
