using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Veza.Api.Configuration;
using Veza.Api.Observability;
using Veza.EventStore.Postgres;

namespace Veza.Api;

/// <summary>Veza as one process: its PostgreSQL unless it is given one, and the web host with all that the roles ask for.</summary>
public static class VezaHost
{
    /// <summary>What is in flight at SIGTERM may take this long; orchestrators kill soon after.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Runs until a signal or the token ends it.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="LocalPostgresException">The private PostgreSQL does not start.</exception>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<int> RunAsync(VezaSettings settings, CancellationToken ct = default)
    {
        settings = DevelopmentSecrets.Fill(settings);
        using var signals = new ShutdownSignals(ct);
        using var loggers = LoggerFactory.Create(logging => Telemetry.AddLogging(logging, settings));
        var logger = loggers.CreateLogger("Veza");

        var postgres = settings.Database is null
            ? await LocalPostgres.StartAsync(new(settings.VezaHome), loggers.CreateLogger<LocalPostgres>(), signals.Token)
            : null;
        try
        {
            await using var app = Build(settings, settings.Database?.ConnectionString ?? postgres!.ConnectionString);
            await app.StartAsync(signals.Token);
            Welcome.Say(settings, logger);
            await app.WaitForShutdownAsync(signals.Token);
        }
        finally
        {
            // Last: until the host has stopped, it still answers what was asked before.
            if (postgres is not null) await postgres.StopAsync(CancellationToken.None);
        }
        logger.LogInformation("Veza has stopped");
        return 0;
    }

    /// <summary>The web host, not yet started.</summary>
    /// <param name="connectionString">Npgsql's form.</param>
    public static WebApplication Build(VezaSettings settings, string connectionString)
    {
        // Configuration is VezaSettings alone: neither the current folder nor ASPNETCORE_* variables have a say.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = settings.InProduction ? Environments.Production : Environments.Development,
        });
        builder.Configuration.Sources.Clear();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, settings));
        Telemetry.AddLogging(builder.Logging, settings);
        VezaServices.Add(builder.Services, settings, connectionString);

        var app = builder.Build();
        Telemetry.Start(app.Services);
        VezaEndpoints.Map(app, settings);
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, VezaSettings settings)
    {
        kestrel.AddServerHeader = false;
        int[] ports = settings.MetricsEnabled ? [settings.Port, settings.PrometheusPort] : [settings.Port];
        foreach (var port in ports.Distinct())
        {
            switch (settings.Host)
            {
                case "*": kestrel.ListenAnyIP(port); break;
                case "localhost": kestrel.ListenLocalhost(port); break;
                default: kestrel.Listen(IPAddress.Parse(settings.Host), port); break;
            }
        }
    }
}
