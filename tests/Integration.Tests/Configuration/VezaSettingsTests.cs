using Veza.Api.Configuration;
using Veza.Mail;

namespace Veza.Integration.Tests.Configuration;

public sealed class VezaSettingsTests
{
    private const string GoodSecret = "q8Zr4vN1xK7tB3mW9cY5hJ2dF6gL0sPa";
    private const string OtherSecret = "aP0sL6gF2dJ5hY9cW3mB7tK1xN4vrZ8q";

    [Fact]
    public void Without_any_variable_it_is_development_on_loopback_with_every_role()
    {
        var settings = Parse();

        Assert.Equal(
            (RunEnvironment.Development, "127.0.0.1", 8080, 9090),
            (settings.Environment, settings.Host, settings.Port, settings.PrometheusPort)
        );
        Assert.Equal(["api", "media", "projections", "reactors", "realtime"], settings.Roles.Order());
        Assert.Equal(200L << 20, settings.UploadBytesMax);
        Assert.Null(settings.Database);
        Assert.Equal(Path.Combine(Path.GetFullPath(".veza"), "media"), settings.MediaRoot);
    }

    [Fact]
    public void Every_wrong_value_is_reported_with_name_value_and_what_is_allowed()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() =>
            Parse(("PORT", "99999"), ("MAX_UPLOAD_SIZE", "1TB"), ("LOG_LEVEL", "loud"), ("ROLES", "api,cook"))
        );

        Assert.Equal(4, refused.Problems.Count);
        Assert.Contains("PORT=99999 is not allowed; allowed is a whole number from 1 to 65535", refused.Problems);
        Assert.Contains(
            "LOG_LEVEL=loud is not allowed; allowed is trace, debug, info, warning or error",
            refused.Problems
        );
        Assert.All(refused.Problems, problem => Assert.DoesNotContain('\n', problem));
    }

    [Fact]
    public void A_wrong_secret_is_never_shown()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() =>
            Parse(("JWT_SECRET", "tiny"), ("DATABASE_URL", "mysql://ada:hidden@db/veza"))
        );

        Assert.Equal(2, refused.Problems.Count);
        Assert.DoesNotContain("tiny", refused.Message);
        Assert.DoesNotContain("hidden", refused.Message);
    }

    [Fact]
    public void Production_needs_its_secrets()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() => Parse(("ENVIRONMENT", "production")));

        Assert.Equal(["ENCRYPTION_KEY", "JWT_SECRET"], refused.Problems.Select(p => p.Split(' ')[0]).Order());
        Assert.Equal(
            "0.0.0.0",
            Parse(("ENVIRONMENT", "production"), ("JWT_SECRET", GoodSecret), ("ENCRYPTION_KEY", OtherSecret)).Host
        );
    }

    [Theory]
    [InlineData("changeme-changeme-changeme-0123456789")]
    [InlineData("abababababababababababababababababab")]
    [InlineData("q8Zr4vN1xK7tB3mW9cY5hJ2dF6gL0sP")]
    public void A_guessable_or_short_secret_is_refused(string secret) =>
        Assert.Throws<InvalidSettingsException>(() => Parse(("JWT_SECRET", secret)));

    [Fact]
    public void One_secret_must_not_serve_twice() =>
        Assert.Throws<InvalidSettingsException>(() =>
            Parse(("JWT_SECRET", GoodSecret), ("ENCRYPTION_KEY", GoodSecret))
        );

    [Theory]
    [InlineData("500MB", 500L << 20)]
    [InlineData("1kb", 1024L)]
    [InlineData("4096", 4096L)]
    public void Sizes_may_have_units(string text, long bytes) =>
        Assert.Equal(bytes, Parse(("MAX_UPLOAD_SIZE", text)).UploadBytesMax);

    [Theory]
    [InlineData("501MB")]
    [InlineData("0")]
    [InlineData("-1MB")]
    [InlineData("99999999999999999999MB")]
    public void Sizes_have_bounds(string text) =>
        Assert.Throws<InvalidSettingsException>(() => Parse(("MAX_UPLOAD_SIZE", text)));

    [Fact]
    public void A_database_url_becomes_a_connection_string()
    {
        var database = Parse(
            ("DATABASE_URL", "postgresql://ada:p%40ss@db.example:6432/veza?sslmode=require")
        ).Database!;

        Assert.Equal(
            "Host=db.example;Port=6432;Username=ada;Database=veza;Password=p@ss;SSL Mode=Require",
            database.ConnectionString
        );
        Assert.DoesNotContain("p@ss", database.ToString());
    }

    [Fact]
    public void An_empty_value_counts_as_not_set() => Assert.Equal(8080, Parse(("PORT", "")).Port);

    [Theory]
    [InlineData("ADAPTIVE_BITRATE", "false", "true")]
    [InlineData("DEFAULT_BITRATE", "320", "128")]
    [InlineData("CODECS_ENABLED", "opus", "opus,aac,mp3,flac")]
    [InlineData("MODERATION_ENABLED", "false", "true")]
    [InlineData("E2E_ENCRYPTION", "required", "optional")]
    public void A_variable_without_effect_may_only_be_set_to_its_default(string name, string value, string allowed)
    {
        var refused = Assert.Throws<InvalidSettingsException>(() => Parse((name, value)));
        Assert.Equal([$"{name}={value} is not supported yet; allowed is {allowed}"], refused.Problems);
        Parse((name, allowed.ToUpperInvariant()));
    }

    [Fact]
    public void Object_storage_needs_bucket_and_keys_and_they_need_it()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() => Parse(("S3_ENDPOINT", "https://s3.example")));
        Assert.Equal(
            ["S3_ACCESS_KEY", "S3_BUCKET", "S3_SECRET_KEY"],
            refused.Problems.Select(p => p.Split(' ')[0]).Order()
        );
        refused = Assert.Throws<InvalidSettingsException>(() =>
            Parse(("S3_BUCKET", "veza"), ("S3_SECRET_KEY", "hidden"))
        );
        Assert.Equal(
            [
                "S3_ENDPOINT is not set, but needed with S3_BUCKET; allowed is an http:// or https:// address",
                "S3_ENDPOINT is not set, but needed with S3_SECRET_KEY; allowed is an http:// or https:// address",
            ],
            refused.Problems
        );
        Assert.Equal(
            ["S3_ENDPOINT", "S3_FORCE_PATH_STYLE"],
            Assert
                .Throws<InvalidSettingsException>(() =>
                    Parse(
                        ("S3_ENDPOINT", "ftp://s3.example"),
                        ("S3_FORCE_PATH_STYLE", "maybe"),
                        ("S3_BUCKET", "veza"),
                        ("S3_ACCESS_KEY", "key"),
                        ("S3_SECRET_KEY", "hidden")
                    )
                )
                .Problems.Select(p => p.Split('=')[0])
                .Order()
        );

        var bucket = Parse(
            ("S3_ENDPOINT", "https://s3.example"),
            ("S3_BUCKET", "veza"),
            ("S3_ACCESS_KEY", "key"),
            ("S3_SECRET_KEY", "hidden")
        ).Bucket;
        Assert.Equal(
            new(new("https://s3.example"), "veza", "us-east-1", "key", "hidden", ForcePathStyle: true),
            bucket
        );
        Assert.DoesNotContain("hidden", bucket!.ToString());
    }

    [Fact]
    public void Redis_is_neither_needed_nor_refused() => Assert.NotNull(Parse(("REDIS_URL", "redis://cache:6379")));

    [Fact]
    public void Mail_needs_an_address_it_comes_from_and_where_its_links_lead()
    {
        Assert.Null(Parse().Smtp);
        Assert.Equal(new Uri("http://localhost:8181"), Parse(("PORT", "8181")).PublicUrl);
        var refused = Assert.Throws<InvalidSettingsException>(() =>
            Parse(("SMTP_HOST", "mail.example"), ("SMTP_USER", "veza"))
        );
        Assert.Equal(
            ["MAIL_FROM", "PUBLIC_URL", "SMTP_PASSWORD"],
            refused.Problems.Select(p => p.Split(' ')[0]).Order()
        );
        var settings = Parse(
            ("SMTP_HOST", "mail.example"),
            ("MAIL_FROM", "veza@example.org"),
            ("PUBLIC_URL", "https://veza.example")
        );
        Assert.Equal(
            new Veza.Mail.SmtpServer("mail.example", 587, null, null, SmtpTls.StartTls, "veza@example.org"),
            settings.Smtp
        );
    }

    [Theory]
    [InlineData("SMTP_HOST", "not a host")]
    [InlineData("SMTP_PORT", "0")]
    [InlineData("SMTP_TLS", "maybe")]
    [InlineData("MAIL_FROM", "Veza <veza@example.org>")]
    [InlineData("PUBLIC_URL", "veza.example")]
    public void A_wrong_setting_of_mail_is_refused_by_name(string name, string value) =>
        Assert.StartsWith(
            $"{name}={value} is not allowed",
            Assert.Single(Assert.Throws<InvalidSettingsException>(() => Parse((name, value))).Problems)
        );

    [Theory]
    [InlineData("SMTP_TLS", "off")]
    [InlineData("PUBLIC_URL", "http://veza.example")]
    public void In_production_neither_the_mail_servers_password_nor_a_token_goes_in_the_clear(string name, string value)
    {
        var given = new Dictionary<string, string>
        {
            ["ENVIRONMENT"] = "production",
            ["JWT_SECRET"] = GoodSecret,
            ["ENCRYPTION_KEY"] = OtherSecret,
            ["SMTP_HOST"] = "mail.example",
            ["SMTP_USER"] = "veza",
            ["SMTP_PASSWORD"] = "hidden",
            ["MAIL_FROM"] = "veza@example.org",
            ["PUBLIC_URL"] = "https://veza.example",
        };
        Assert.NotNull(VezaSettings.Parse(given).Smtp);
        Assert.DoesNotContain("hidden", VezaSettings.Parse(given).Smtp!.ToString());
        given[name] = value;
        Assert.StartsWith(
            $"{name}=",
            Assert.Single(Assert.Throws<InvalidSettingsException>(() => VezaSettings.Parse(given)).Problems)
        );
    }

    [Fact]
    public void Secrets_of_development_are_made_once_and_kept_private()
    {
        var home = Directory.CreateTempSubdirectory("veza-secrets-").FullName;
        var first = DevelopmentSecrets.Fill(Parse(("VEZA_HOME", home)));
        var second = DevelopmentSecrets.Fill(Parse(("VEZA_HOME", home)));

        Assert.Equal((first.JwtSecret, first.EncryptionKey), (second.JwtSecret, second.EncryptionKey));
        Assert.NotEqual(first.JwtSecret, first.EncryptionKey);
        Assert.All(Directory.GetFiles(home), file =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file))
        );
        Directory.Delete(home, recursive: true);
    }

    [Fact]
    public void The_print_out_shows_values_and_masks_secrets()
    {
        var text = SettingsText.Current(
            new(new Dictionary<string, string> { ["PORT"] = "8181", ["JWT_SECRET"] = GoodSecret })
        );

        Assert.Contains("8181   (set; default: 8080)", text);
        Assert.DoesNotContain(GoodSecret, text);
        Assert.All(Variables.All, variable => Assert.Contains(variable.Name, text));
    }

    [Fact]
    public void The_documentation_is_what_the_table_says()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent!;

        Assert.Equal(
            SettingsText.Markdown(),
            File.ReadAllText(Path.Combine(folder.FullName, "docs", "reference", "configuration.md"))
        );
    }

    private static VezaSettings Parse(params (string Name, string Value)[] variables) =>
        VezaSettings.Parse(variables.ToDictionary(v => v.Name, v => v.Value));
}
