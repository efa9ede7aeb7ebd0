using System.Net;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Npgsql;
using Veza.Api.Accounts;
using Veza.Api.Auth;
using Veza.Api.Configuration;
using Veza.Api.Connections;
using Veza.Api.Health;
using Veza.Api.Http;
using Veza.Api.Live;
using Veza.Api.Live.Broadcasts;
using Veza.Api.Observability;
using Veza.Api.Pages;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Postgres;
using Veza.EventStore.Projections;
using Veza.Reactors.Running;
using Wolverine;
using Wolverine.Runtime;

namespace Veza.Api;

/// <summary>
/// Runs Veza as one process: its private PostgreSQL unless one is configured, and the web host with the parts that
/// ROLES names.
/// </summary>
public static class VezaHost
{
    /// <summary>Time for running requests at SIGTERM; orchestrators kill soon after.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Connections that the kernel may hold until they are accepted. When a node restarts, all its clients reconnect
    /// together, and one that finds no room tries again after a second, then after three. Linux allows 4,096 unless
    /// net.core.somaxconn says otherwise.
    /// </summary>
    private const int BacklogMax = 4096;

    /// <summary>Runs until a signal or the token ends it.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="LocalPostgresException">The private PostgreSQL does not start.</exception>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<int> RunAsync(VezaSettings settings, CancellationToken ct = default)
    {
        settings = DevelopmentSecrets.Fill(settings);
        // Impossible settings must fail before a PostgreSQL starts.
        _ = ConnectionLimits.For(settings, OpenFiles.Max);
        _ = PageFiles.Load(settings);
        using var signals = new ShutdownSignals(ct);
        using var loggers = LoggerFactory.Create(logging => Telemetry.AddLogging(logging, settings));
        var logger = loggers.CreateLogger("Veza");

        var postgres = settings.Database is null
            ? await LocalPostgres.StartAsync(
                new(settings.VezaHome),
                loggers.CreateLogger<LocalPostgres>(),
                signals.Token
            )
            : null;
        try
        {
            postgres?.Watch(TimeProvider.System, loggers.CreateLogger<ServerWatch>());
            var connectionString = settings.Database?.ConnectionString ?? postgres!.ConnectionString;
            await using var running = await StartAsync(settings, connectionString, loggers, signals.Token, postgres);
            Welcome.Say(settings, logger);
            await running.App.WaitForShutdownAsync(signals.Token);
        }
        finally
        {
            // Last: the host answers running requests until it has stopped.
            if (postgres is not null)
                await postgres.StopAsync(CancellationToken.None);
        }
        logger.LogInformation("Veza has stopped");
        return 0;
    }

    /// <summary>Opens the log, starts the projections and the web host.</summary>
    /// <param name="settings">With its secrets filled in.</param>
    /// <param name="connectionString">Npgsql's form.</param>
    /// <param name="postgres">The private server behind the connection string, if there is one.</param>
    public static async Task<RunningVeza> StartAsync(
        VezaSettings settings,
        string connectionString,
        ILoggerFactory loggers,
        CancellationToken ct,
        LocalPostgres? postgres = null
    )
    {
        var limits = ConnectionLimits.For(settings, OpenFiles.Max);
        var connection = Connection(settings, connectionString);
        var log = await EventLog.OpenAsync(
            connection,
            VezaApplication.EventTypes,
            TimeProvider.System,
            loggers,
            ct,
            wrapping: settings.KeyWrapping(),
            disk: postgres?.Disk,
            names: VezaApplication.NameRules
        );
        var keys = await LastingKeys.LoadAsync(
            log,
            Encoding.UTF8.GetBytes(settings.EncryptionKey!),
            Encoding.UTF8.GetBytes(settings.JwtSecret!),
            ct
        );
        var projections = await ProjectionHost.OpenAsync(
            log,
            connection,
            VezaApplication.CreateProjections(),
            TimeProvider.System,
            loggers,
            ct,
            withdrawn: VezaApplication.WithdrawnProjections
        );
        var app = Build(settings, limits, log, projections, keys, postgres?.Watched);
        ConnectionMetrics.ObserveFiles(limits.OpenFiles);
        DiskMetrics.Observe(app.Services.GetRequiredService<Disks>());
        var running = new RunningVeza(app, projections, log);
        try
        {
            if (settings.Has(HostRole.Projections))
                projections.Start();
            // The host starts it too, but last; commands sent before need its handlers.
            await ((IHostedService)app.Services.GetRequiredService<IWolverineRuntime>()).StartAsync(ct);
            if (!settings.InProduction)
                await app.Services.GetRequiredService<OperatorBootstrap>().RunAsync(settings.VezaHome, ct);
            await app.Services.GetRequiredService<ClockSkew>().WarnAsync(ct);
            if (!limits.LiveIsGiven && limits.Live < ConnectionLimits.LiveDefaultMax)
                LogFileLimit(limits, loggers.CreateLogger("Veza"));
            await log.OpenFirstConnectionsAsync(ct);
            await app.StartAsync(ct);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    private static void LogFileLimit(ConnectionLimits limits, ILogger logger) =>
        logger.LogInformation(
            "{Live} live connections fit into the {OpenFiles} files that this process may open; "
                + "for more raise that limit (ulimit -n, LimitNOFILE)",
            limits.Live,
            limits.OpenFiles
        );

    private static WebApplication Build(
        VezaSettings settings,
        ConnectionLimits limits,
        EventLog log,
        ProjectionHost projections,
        LastingKeys keys,
        ServerWatch? watch
    )
    {
        var app = CreateBuilder(settings, limits, log, projections, keys, watch).Build();
        Map(app, settings);
        return app;
    }

    /// <summary>
    /// Configuration, server and services of the host; tests replace Kestrel with a server in memory.
    /// </summary>
    internal static WebApplicationBuilder CreateBuilder(
        VezaSettings settings,
        ConnectionLimits limits,
        EventLog log,
        ProjectionHost projections,
        LastingKeys keys,
        ServerWatch? watch
    )
    {
        // VezaSettings is the only configuration: the current folder and ASPNETCORE_* variables have no effect.
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions
            {
                ContentRootPath = AppContext.BaseDirectory,
                // Settings are read once. Otherwise each node watches files, and a machine has few watchers (inotify).
                Args = ["--hostBuilder:reloadConfigOnChange=false"],
                // The settings define the differences of development. The framework's own difference is a page for
                // exceptions around every request, which Problems replaces.
                EnvironmentName = Environments.Production,
            }
        );
        builder.Host.UseDefaultServiceProvider(services =>
            services.ValidateOnBuild = services.ValidateScopes = !settings.InProduction
        );
        builder.Configuration.Sources.Clear();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, settings));
        builder.WebHost.UseSockets(sockets => sockets.Backlog = BacklogMax);
        Telemetry.AddLogging(builder.Logging, settings);
        Telemetry.AddMetricsAndTraces(builder, settings);
        builder.UseWolverine(options =>
        {
            options.RunVezaCommands(new Limits(settings.MessageBytesMax));
            if (settings.Has(HostRole.Reactors))
                options.RunVezaReactors(log);
        });
        builder.Services.AddConnectionGates(limits);
        VezaServices.Add(builder.Services, settings, limits, log, projections, keys);
        if (watch is not null)
            builder.Services.AddPostgresHealth(watch);
        return builder;
    }

    internal static void Map(WebApplication app, VezaSettings settings)
    {
        Telemetry.Start(app.Services);
        VezaEndpoints.Map(app, settings);
    }

    private static string Connection(VezaSettings settings, string connectionString)
    {
        // Npgsql takes whole seconds only; rounded up, because 0 would mean "for ever".
        var timeoutSeconds = (int)Math.Ceiling(settings.DatabaseTimeout.TotalSeconds);
        return new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = settings.ServiceName,
            MaxPoolSize = settings.DatabasePoolSize,
            Timeout = timeoutSeconds,
            CommandTimeout = timeoutSeconds,
        }.ConnectionString;
    }

    private static void Listen(KestrelServerOptions kestrel, VezaSettings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestHeadersTotalSize = RequestLimits.HeaderBytesMax;
        kestrel.Limits.MaxRequestHeaderCount = RequestLimits.HeadersMax;
        kestrel.Limits.MaxRequestLineSize = RequestLimits.LineBytesMax;
        kestrel.Limits.RequestHeadersTimeout = RequestLimits.HeadersTimeMax;
        kestrel.Limits.KeepAliveTimeout = RequestLimits.IdleMax;
        kestrel.Limits.MinRequestBodyDataRate = new(RequestLimits.BodyBytesPerSecondMin, RequestLimits.BodyGrace);
        kestrel.Limits.MaxRequestBodySize = RequestLimits.AnsweredBodyBytesMax;
        int[] ports = settings.MetricsEnabled ? [settings.Port, settings.PrometheusPort] : [settings.Port];
        foreach (var port in ports.Distinct())
        {
            switch (settings.Host)
            {
                case "*":
                    kestrel.ListenAnyIP(port, Connect);
                    break;
                case "localhost":
                    kestrel.ListenLocalhost(port, Connect);
                    break;
                default:
                    kestrel.Listen(IPAddress.Parse(settings.Host), port, Connect);
                    break;
            }

            void Connect(ListenOptions endpoint)
            {
                if (port == settings.Port && settings.Has(HostRole.Media))
                    kestrel.ApplicationServices.GetRequiredService<IcecastSource>().UseOn(endpoint);
                // Inside it: a source never reaches HTTP.
                ConnectionHandover.UseOn(endpoint);
            }
        }
    }
}
