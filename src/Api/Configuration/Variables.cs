using System.Net;
using Veza.Commands.Accounts;
using Veza.EventStore.Database;
using Veza.Mail;
using static Veza.Api.Configuration.Kinds;

namespace Veza.Api.Configuration;

/// <summary>
/// Every variable, once: parsing, `veza config` and docs/reference/configuration.md all come from this table.
/// </summary>
public static partial class Variables
{
    public static readonly Variable<Value<RunEnvironment>> Environment = Choice<RunEnvironment>(
        "ENVIRONMENT",
        "development",
        "`production` refuses missing or guessable secrets at the start"
    );
    public static readonly Variable<string[]> Roles = List(
        "ROLES",
        "api,realtime,projections,reactors,media",
        "the parts that this process runs",
        HostRole.All
    );
    public static readonly Variable<string> VezaHome = Text(
        "VEZA_HOME",
        ".veza",
        "folder of the private PostgreSQL, generated secrets and local audio"
    );
    public static readonly Variable<string> ServiceName = Text(
        "SERVICE_NAME",
        "veza",
        "name in logs, traces and metrics"
    );
    public static readonly Variable<string> Version = Text(
        "VERSION",
        "the build's",
        "version in logs, traces and metrics"
    );

    public static readonly Variable<string> Host = new(
        "HOST",
        "127.0.0.1 in development, 0.0.0.0 in production",
        "address to listen on",
        "an IP address, localhost or *",
        text => text is "*" or "localhost" || IPAddress.TryParse(text, out _) ? text : null
    );
    public static readonly Variable<Value<int>> Port = Number("PORT", "8080", "port of HTTP and the hubs", 1, 65535);
    public static readonly Variable<Value<int>> PrometheusPort = Number(
        "PROMETHEUS_PORT",
        "9090",
        "port of /metrics and /health, with separate connection places; when it equals PORT, /metrics needs an "
            + "operator's token",
        1,
        65535
    );

    public static readonly Variable<DatabaseUrl> Database = new(
        "DATABASE_URL",
        "a private local PostgreSQL in VEZA_HOME",
        "the PostgreSQL with the log and the read models",
        "postgresql://user:password@host:port/database, or several hosts as host:port,host:port: the one that "
            + "accepts writes is used",
        DatabaseUrl.Parse,
        Secret: true
    );
    public static readonly Variable<Value<int>> DatabasePoolSize = Number(
        "DATABASE_POOL_SIZE",
        "100",
        "maximum connections of this process to PostgreSQL, all kinds together, and never more than half of the "
            + "server's limit; with more than two nodes, set the server's limit divided by their number",
        ConnectionBudget.TotalMin,
        1000
    );
    public static readonly Variable<Value<int>> DatabaseTimeoutMs = Number(
        "DATABASE_TIMEOUT_MS",
        "5000",
        "longest wait for a connection or a statement",
        100,
        600_000
    );
    public static readonly Variable<string> RedisUrl = Text(
        "REDIS_URL",
        "",
        "ignored: nothing needs Redis",
        secret: true
    );

    public static readonly Variable<Uri> VaultAddress = HttpUrl(
        "VAULT_ADDR",
        "HashiCorp Vault, from which secret settings that are not set here are read at the start; https in production, "
            + "except on this machine"
    );
    public static readonly Variable<string> VaultToken = Text(
        "VAULT_TOKEN",
        "",
        "token that may read VAULT_PATH; needed with VAULT_ADDR",
        secret: true
    );
    public static readonly Variable<string> VaultPath = Text(
        "VAULT_PATH",
        "",
        "a secret of the key-value store, version 2, such as secret/data/veza/production, with a key for each setting "
            + "such as jwt_secret; needed with VAULT_ADDR"
    );
    public static readonly Variable<string> VaultNamespace = Text(
        "VAULT_NAMESPACE",
        "",
        "namespace of the secret, where Vault has any"
    );

    public static readonly Variable<string> JwtSecret = Secret("JWT_SECRET", "signs access tokens");
    public static readonly Variable<string> JwtSecretAccepted = AcceptedSecret(
        "JWT_SECRET_ACCEPTED",
        "a second secret whose tokens are accepted while JWT_SECRET is replaced; it signs nothing"
    );
    public static readonly Variable<string> EncryptionKey = Secret(
        "ENCRYPTION_KEY",
        "encrypts personal data in the log; must differ from JWT_SECRET"
    );
    public static readonly Variable<string> EncryptionKeyAccepted = AcceptedSecret(
        "ENCRYPTION_KEY_ACCEPTED",
        "a second key that decrypts while ENCRYPTION_KEY is replaced; it encrypts nothing"
    );

    public static readonly Variable<string[]> AllowedOrigins = new(
        "ALLOWED_ORIGINS",
        "",
        "web origins that may call the API",
        "a comma-separated list of origins such as https://veza.example",
        text => Items(text) is { Length: > 0 } items && items.All(IsOrigin) ? items : null
    );
    public static readonly Variable<Value<bool>> EnableCors = Switch(
        "ENABLE_CORS",
        "true",
        "enables CORS for ALLOWED_ORIGINS"
    );

    public static readonly Variable<IPNetwork[]> TrustedProxies = Networks(
        "TRUSTED_PROXIES",
        "proxies whose `X-Forwarded-For` names the client; the header is ignored from all others"
    );

    public static readonly Variable<Value<int>> RateLimitPerMinute = Number(
        "RATE_LIMIT_PER_MINUTE",
        "1000",
        "maximum requests of one caller per minute",
        1,
        100_000_000
    );
    public static readonly Variable<Value<int>> MaxConnections = Number(
        "MAX_CONNECTIONS",
        "100000, or what fits into the limit of open files (ulimit -n)",
        "maximum live connections; further ones get 503 with Retry-After; a value that does not fit stops the start",
        1,
        10_000_000
    );
    public static readonly Variable<Value<int>> MaxConnectionsPerNetwork = Number(
        "MAX_CONNECTIONS_PER_NETWORK",
        "a quarter of what fits into the limit of open files",
        "maximum TCP connections of one IPv4 address or IPv6 /64; further ones are closed immediately; TRUSTED_PROXIES "
            + "are exempt, because they carry the requests of many clients",
        1,
        10_000_000
    );
    public static readonly Variable<Value<int>> MaxMessageSize = Number(
        "MAX_MESSAGE_SIZE",
        "8192",
        "maximum bytes of UTF-8 in one message",
        1,
        1 << 20
    );
    public static readonly Variable<Value<int>> MessageHistoryLimit = Number(
        "MESSAGE_HISTORY_LIMIT",
        "1000",
        "largest page of history",
        1,
        100_000
    );
    public static readonly Variable<Value<long>> MaxUploadSize = Size(
        "MAX_UPLOAD_SIZE",
        "200MB",
        "largest upload of a track",
        500L << 20,
        "500MB"
    );
    public static readonly Variable<Value<long>> MaxStoragePerAccount = Size(
        "MAX_STORAGE_PER_ACCOUNT",
        "20GB",
        "maximum size of one account's tracks with their copies; further uploads are refused",
        100L << 40,
        "102400GB"
    );
    public static readonly Variable<Value<int>> MaxStreams = Number(
        "MAX_STREAMS",
        "10000",
        "maximum broadcasts at a time",
        1,
        1_000_000
    );
    public static readonly Variable<Value<int>> MaxListenersPerStream = Number(
        "MAX_LISTENERS_PER_STREAM",
        "10000",
        "maximum listeners of one broadcast",
        1,
        1_000_000
    );

    public static readonly UnsupportedVariable AdaptiveBitrate = new(
        "ADAPTIVE_BITRATE",
        "true",
        "several bitrates of one sound"
    );
    public static readonly UnsupportedVariable DefaultBitrate = new(
        "DEFAULT_BITRATE",
        "128",
        "kbit/s of copies and streams"
    );
    public static readonly UnsupportedVariable CodecsEnabled = new(
        "CODECS_ENABLED",
        "opus,aac,mp3,flac",
        "codecs to make copies in"
    );
    public static readonly UnsupportedVariable ModerationEnabled = new(
        "MODERATION_ENABLED",
        "true",
        "automatic moderation of messages"
    );
    public static readonly UnsupportedVariable E2EEncryption = new(
        "E2E_ENCRYPTION",
        "optional",
        "end-to-end encryption of direct messages"
    );

    public static readonly Variable<string> MediaRoot = Text(
        "MEDIA_ROOT",
        "media in VEZA_HOME",
        "folder of the audio; with S3_ENDPOINT, only of unfinished uploads and copies"
    );
    public static readonly Variable<Uri> S3Endpoint = HttpUrl(
        "S3_ENDPOINT",
        "S3-compatible storage of the audio, instead of MEDIA_ROOT"
    );
    public static readonly Variable<string> S3Bucket = Text(
        "S3_BUCKET",
        "",
        "bucket of the audio; needed with S3_ENDPOINT"
    );
    public static readonly Variable<string> S3Region = Text("S3_REGION", "us-east-1", "region of the bucket");
    public static readonly Variable<string> S3AccessKey = Text(
        "S3_ACCESS_KEY",
        "",
        "access key, which must allow to get, put, delete and list the bucket's objects; needed with S3_ENDPOINT",
        secret: true
    );
    public static readonly Variable<string> S3SecretKey = Text(
        "S3_SECRET_KEY",
        "",
        "secret key; needed with S3_ENDPOINT",
        secret: true
    );
    public static readonly Variable<Value<bool>> S3ForcePathStyle = Switch(
        "S3_FORCE_PATH_STYLE",
        "true",
        "true: the bucket is in the path of addresses (https://s3.example/bucket/…); false: in the host name "
            + "(https://bucket.s3.example/…)"
    );

    public static readonly Variable<string> SmtpHost = new(
        "SMTP_HOST",
        "none; in development mails become files in VEZA_HOME/mail",
        "SMTP server for account mails",
        "a host name or an IP address",
        text => Uri.CheckHostName(text) == UriHostNameType.Unknown ? null : text
    );
    public static readonly Variable<Value<int>> SmtpPort = Number(
        "SMTP_PORT",
        "587",
        "port of the SMTP server",
        1,
        65535
    );
    public static readonly Variable<string> SmtpUser = Text(
        "SMTP_USER",
        "",
        "user name at the SMTP server; unset if it needs none"
    );
    public static readonly Variable<string> SmtpPassword = Text(
        "SMTP_PASSWORD",
        "",
        "password at the SMTP server; needed with SMTP_USER",
        secret: true
    );
    public static readonly Variable<Value<SmtpTls>> SmtpTlsKind = Choice<SmtpTls>(
        "SMTP_TLS",
        "starttls",
        "protection of the SMTP connection; `off` only for a server on this machine or network"
    );
    public static readonly Variable<string> MailFrom = new(
        "MAIL_FROM",
        "",
        "sender address of mails; needed with SMTP_HOST",
        "an e-mail address",
        text => AccountRules.IsEmail(text) ? text : null
    );
    public static readonly Variable<Uri> PublicUrl = HttpUrl(
        "PUBLIC_URL",
        "public address of this Veza, for links in mails; needed with SMTP_HOST, https in production",
        "http://localhost:PORT in development"
    );

    public static readonly Variable<string> WebRoot = Text(
        "WEB_ROOT",
        "page beside the program",
        "folder of the built web page, such as src/Web/dist"
    );

    public static readonly Variable<Value<LogDetail>> LogLevel = Choice<LogDetail>(
        "LOG_LEVEL",
        "info",
        "lowest severity that is logged"
    );
    public static readonly Variable<Value<LogForm>> LogFormat = Choice<LogForm>(
        "LOG_FORMAT",
        "text on a terminal, json otherwise",
        "one line of text, or one JSON object a line"
    );
    public static readonly Variable<Uri> OtlpEndpoint = HttpUrl(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTLP endpoint for traces and metrics; the other standard OTEL_* variables apply too"
    );
    public static readonly Variable<Value<bool>> MetricsEnabled = Switch(
        "METRICS_ENABLED",
        "true",
        "collects metrics, and serves /metrics"
    );
    public static readonly Variable<Value<bool>> TracingEnabled = Switch(
        "TRACING_ENABLED",
        "true",
        "collects traces, when there is an OTLP endpoint"
    );
}
