using System.Net;
using System.Reflection;
using System.Text;
using Veza.EventStore.Personal;
using Veza.Mail;
using Veza.Media;

namespace Veza.Api.Configuration;

/// <summary>All settings of an operator, checked. <see cref="Variables"/> documents each.</summary>
public sealed record VezaSettings
{
    public required RunEnvironment Environment { get; init; }
    public required IReadOnlySet<string> Roles { get; init; }

    /// <summary>Absolute path.</summary>
    public required string VezaHome { get; init; }
    public required string ServiceName { get; init; }
    public required string Version { get; init; }
    public required string Host { get; init; }
    public required int Port { get; init; }
    public required int PrometheusPort { get; init; }

    /// <summary>Null: start the private one.</summary>
    public DatabaseUrl? Database { get; init; }
    public required int DatabasePoolSize { get; init; }
    public required TimeSpan DatabaseTimeout { get; init; }

    /// <summary>Null only in development, until <see cref="DevelopmentSecrets"/> has filled it in.</summary>
    public string? JwtSecret { get; init; }

    /// <summary>Accepted beside <see cref="JwtSecret"/>, and never used for new tokens. Null: none.</summary>
    public string? JwtSecretAccepted { get; init; }

    /// <inheritdoc cref="JwtSecret"/>
    public string? EncryptionKey { get; init; }

    /// <summary>Decrypts beside <see cref="EncryptionKey"/>, and encrypts nothing. Null: none.</summary>
    public string? EncryptionKeyAccepted { get; init; }
    public required IReadOnlyList<string> AllowedOrigins { get; init; }
    public required bool EnableCors { get; init; }

    public required IReadOnlyList<IPNetwork> TrustedProxies { get; init; }
    public required int RateLimitPerMinute { get; init; }

    /// <summary>Live connections. Null: as many as fit into the limit of open files.</summary>
    public int? ConnectionsMax { get; init; }

    /// <summary>Connections of one network. Null: a quarter of what fits.</summary>
    public int? ConnectionsPerNetworkMax { get; init; }
    public required int MessageBytesMax { get; init; }
    public required int MessageHistoryMax { get; init; }
    public required long UploadBytesMax { get; init; }
    public required long StorageBytesPerAccountMax { get; init; }
    public required int BroadcastsMax { get; init; }
    public required int ListenersPerBroadcastMax { get; init; }

    /// <summary>Absolute path.</summary>
    public required string MediaRoot { get; init; }

    /// <summary>Null: audio is stored in <see cref="MediaRoot"/>.</summary>
    public BucketAddress? Bucket { get; init; }

    /// <summary>Null: development writes mails to files, and production sends none.</summary>
    public SmtpServer? Smtp { get; init; }

    /// <summary>The base address of links in mails.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary>Absolute path of the built web page. Null: <c>page</c> beside the program, if it exists.</summary>
    public string? WebRoot { get; init; }
    public required LogDetail LogLevel { get; init; }
    public required LogForm LogFormat { get; init; }
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>
    /// The standard OTEL_* variables, as OpenTelemetry's SDK reads them. Their headers may hold secrets.
    /// </summary>
    public required IReadOnlyDictionary<string, string?> OtelVariables { get; init; }

    public required bool MetricsEnabled { get; init; }
    public required bool TracingEnabled { get; init; }

    public bool TracesExported => TracingEnabled && OtlpEndpoint is not null;

    public bool InProduction => Environment == RunEnvironment.Production;

    public bool Has(string role) => Roles.Contains(role);

    /// <summary>Wraps the accounts' keys with ENCRYPTION_KEY.</summary>
    public KeyWrapping KeyWrapping() =>
        new(
            Encoding.UTF8.GetBytes(EncryptionKey!),
            EncryptionKeyAccepted is { } accepted ? Encoding.UTF8.GetBytes(accepted) : null
        );

    // A record prints its members, and some of these are secrets.
    public override string ToString() => $"{ServiceName} {Version} ({Environment})";

    /// <exception cref="InvalidSettingsException">Contains every wrong variable.</exception>
    public static VezaSettings FromEnvironment() => Parse(SettingSources.OfProcess(), !Console.IsOutputRedirected);

    /// <summary>Also reads the files and the secret of Vault that the variables name.</summary>
    /// <exception cref="InvalidSettingsException">Contains every wrong variable.</exception>
    public static VezaSettings Parse(IReadOnlyDictionary<string, string> variables) =>
        Parse(new SettingSources(variables));

    /// <param name="onTerminal">The default of LOG_FORMAT is text on a terminal, JSON otherwise.</param>
    /// <exception cref="InvalidSettingsException">Contains every wrong variable.</exception>
    public static VezaSettings Parse(SettingSources sources, bool onTerminal = false)
    {
        var given = new GivenValues(sources.Values, [.. sources.Problems]);
        var environment = given.Value(Variables.Environment, RunEnvironment.Development);
        var production = environment == RunEnvironment.Production;
        var home = Path.GetFullPath(given.Text(Variables.VezaHome, Variables.VezaHome.Default));

        var port = given.Value(Variables.Port);
        var site = given.Optional(Variables.PublicUrl);

        var settings = new VezaSettings
        {
            Environment = environment,
            Roles = given.Text(Variables.Roles).ToHashSet(),
            VezaHome = home,
            ServiceName = given.Text(Variables.ServiceName),
            Version = given.Text(Variables.Version, BuildVersion),
            Host = given.Text(Variables.Host, production ? "0.0.0.0" : "127.0.0.1"),
            Port = port,
            PrometheusPort = given.Value(Variables.PrometheusPort),
            Database = given.Optional(Variables.Database),
            DatabasePoolSize = given.Value(Variables.DatabasePoolSize),
            DatabaseTimeout = TimeSpan.FromMilliseconds(given.Value(Variables.DatabaseTimeoutMs)),
            JwtSecret = production
                ? given.Needed(Variables.JwtSecret, "in production")
                : given.Optional(Variables.JwtSecret),
            EncryptionKey = production
                ? given.Needed(Variables.EncryptionKey, "in production")
                : given.Optional(Variables.EncryptionKey),
            JwtSecretAccepted = given.Optional(Variables.JwtSecretAccepted),
            EncryptionKeyAccepted = given.Optional(Variables.EncryptionKeyAccepted),
            AllowedOrigins = given.Optional(Variables.AllowedOrigins) ?? [],
            EnableCors = given.Value(Variables.EnableCors),
            TrustedProxies = given.Optional(Variables.TrustedProxies) ?? [],
            RateLimitPerMinute = given.Value(Variables.RateLimitPerMinute),
            ConnectionsMax = given.Optional(Variables.MaxConnections)?.Is,
            ConnectionsPerNetworkMax = given.Optional(Variables.MaxConnectionsPerNetwork)?.Is,
            MessageBytesMax = given.Value(Variables.MaxMessageSize),
            MessageHistoryMax = given.Value(Variables.MessageHistoryLimit),
            UploadBytesMax = given.Value(Variables.MaxUploadSize),
            StorageBytesPerAccountMax = given.Value(Variables.MaxStoragePerAccount),
            BroadcastsMax = given.Value(Variables.MaxStreams),
            ListenersPerBroadcastMax = given.Value(Variables.MaxListenersPerStream),
            MediaRoot = Path.GetFullPath(given.Text(Variables.MediaRoot, Path.Combine(home, "media"))),
            Bucket = given.Bucket(),
            Smtp = given.Smtp(production, site),
            PublicUrl = site ?? new UriBuilder("http", "localhost", port).Uri,
            WebRoot = given.Optional(Variables.WebRoot) is { } page ? Path.GetFullPath(page) : null,
            LogLevel = given.Value(Variables.LogLevel),
            LogFormat = given.Value(Variables.LogFormat, onTerminal ? LogForm.Text : LogForm.Json),
            OtlpEndpoint = given.Optional(Variables.OtlpEndpoint),
            OtelVariables = sources
                .Values.Where(v => v.Key.StartsWith("OTEL_", StringComparison.Ordinal))
                .ToDictionary(v => v.Key, v => (string?)v.Value),
            MetricsEnabled = given.Value(Variables.MetricsEnabled),
            TracingEnabled = given.Value(Variables.TracingEnabled),
        };
        given.CheckVault(production);
        given.RefuseUnsupported();

        if (settings.JwtSecret is not null && settings.JwtSecret == settings.EncryptionKey)
            given.Problem("ENCRYPTION_KEY is the same as JWT_SECRET; they must differ");
        if (settings.JwtSecretAccepted is { } accepted && accepted == settings.JwtSecret)
            given.Problem("JWT_SECRET_ACCEPTED is the same as JWT_SECRET; remove it, or set the other secret");
        if (settings.EncryptionKeyAccepted is { } key && key == settings.EncryptionKey)
            given.Problem("ENCRYPTION_KEY_ACCEPTED is the same as ENCRYPTION_KEY; remove it, or set the other key");
        return given.Problems.Count == 0 ? settings : throw new InvalidSettingsException(given.Problems);
    }

    private static string BuildVersion { get; } =
        typeof(VezaSettings)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "0";
}
