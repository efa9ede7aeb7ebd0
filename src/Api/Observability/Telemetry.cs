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

/// <summary>Logs, metrics and traces, as the settings want them.</summary>
public static class Telemetry
{
    private static readonly string[] Meters = ["Veza.*", "Npgsql", "System.Runtime", "System.Net.*", "Wolverine*"];
    private static readonly string[] Sources = ["Veza.*", "Microsoft.AspNetCore", "Npgsql", "Wolverine"];

    public static void AddLogging(ILoggingBuilder logging, VezaSettings settings)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(Level(settings.LogLevel));
        // Its lines hold whole addresses, and the hubs' carry the access token.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        // It logs every probe that finds something amiss; RememberedHealth says when that begins and ends, and what a
        // check throws.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService", LogLevel.Critical);
        // Wolverine logs a message whose handling failed with all that it holds, in a category named after the
        // message's type. The fault itself is thrown to whoever sent the command, and logged there.
        logging.AddFilter(typeof(CommandBus).Assembly.GetName().Name, LogLevel.None);
        // The same for reactors, which say themselves what failed.
        logging.AddFilter(typeof(Appended<>).FullName!.Split('`')[0], LogLevel.None);
        // What the libraries do at each request is of interest only to who asked for it.
        if (settings.LogLevel >= LogDetail.Info)
        {
            logging.AddFilter("Microsoft", LogLevel.Warning);
            logging.AddFilter("Npgsql", LogLevel.Warning);
            logging.AddFilter("System", LogLevel.Warning);
            // It calls every message that waits for another attempt an error, and says once a second at length that the
            // database is away. Reactors say what failed; the queue of each shows what is given up or left.
            logging.AddFilter("Wolverine", LogLevel.Critical);
            logging.AddFilter("JasperFx", LogLevel.Warning);
            // Anybody can have as many bad tokens refused as they like; the answers say what was wrong.
            logging.AddFilter(typeof(BearerHandler).FullName, LogLevel.Warning);
        }
        logging.Services.TryAddSingleton(TimeProvider.System);
        if (settings.LogFormat == LogForm.Json)
        {
            // Serilog's own AddSerilog would add a filter that lets everything through, the above notwithstanding.
            var log = JsonLog(new(settings.ServiceName, settings.Version));
            logging.AddProvider(new SerilogLoggerProvider(log, dispose: true));
            // Serilog itself knows trace and span; the framework's scope would repeat them among the values.
            logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.None);
            return;
        }
        logging.AddConsoleFormatter<TextLogFormatter, ConsoleFormatterOptions>();
        logging.AddConsole(console => console.FormatterName = TextLogFormatter.FormatterName);
    }

    /// <summary>What is worth a line the filters of the framework's logging decide, before Serilog sees it.</summary>
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
            // These meters are each host's own. Had a host those of others too, it would lose its own with theirs: the
            // SDK takes instruments of one name for one, which ends with the first of them.
            builder.Metrics.EnableMetrics("Microsoft.AspNetCore", null, null, MeterScope.Local);
            telemetry.WithMetrics(metrics =>
            {
                metrics.AddMeter(Meters).AddView(MetricViews.Of).AddPrometheusExporter(Expose);
                if (exported)
                    metrics.AddOtlpExporter();
            });
        }
        if (settings.TracingEnabled && exported)
            telemetry.WithTracing(traces => traces.AddSource(Sources).AddOtlpExporter());
    }

    /// <summary>
    /// Begins to listen before the first request; at the end the container disposes all of it, which sends what is
    /// left.
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
        // Prometheus tells the instances apart by where it scrapes them.
        resource.AddService(
            settings.ServiceName,
            serviceVersion: settings.Version,
            autoGenerateServiceInstanceId: exported
        );
    }

    private static void Expose(PrometheusAspNetCoreOptions prometheus)
    {
        prometheus.ScopeInfoEnabled = false;
        prometheus.ScrapeResponseCacheDurationMilliseconds = (int)MetricsEndpoint.KeptFor.TotalMilliseconds;
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
