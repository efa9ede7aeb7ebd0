namespace Veza.Api.Configuration;

public static partial class Variables
{
    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<Variable> All =>
        field ??= [
            Environment,
            Roles,
            VezaHome,
            ServiceName,
            Version,
            Host,
            Port,
            PrometheusPort,
            Database,
            DatabasePoolSize,
            DatabaseTimeoutMs,
            RedisUrl,
            VaultAddress,
            VaultToken,
            VaultPath,
            VaultNamespace,
            JwtSecret,
            JwtSecretAccepted,
            EncryptionKey,
            EncryptionKeyAccepted,
            AllowedOrigins,
            EnableCors,
            TrustedProxies,
            RateLimitPerMinute,
            MaxConnections,
            MaxConnectionsPerNetwork,
            MaxMessageSize,
            MessageHistoryLimit,
            MaxUploadSize,
            MaxStoragePerAccount,
            MaxStreams,
            MaxListenersPerStream,
            AdaptiveBitrate,
            DefaultBitrate,
            CodecsEnabled,
            ModerationEnabled,
            E2EEncryption,
            MediaRoot,
            S3Endpoint,
            S3Bucket,
            S3Region,
            S3AccessKey,
            S3SecretKey,
            S3ForcePathStyle,
            SmtpHost,
            SmtpPort,
            SmtpUser,
            SmtpPassword,
            SmtpTlsKind,
            MailFrom,
            PublicUrl,
            WebRoot,
            LogLevel,
            LogFormat,
            OtlpEndpoint,
            MetricsEnabled,
            TracingEnabled,
        ];

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https"
        && url.GetLeftPart(UriPartial.Authority) == text.TrimEnd('/');
}
