using Veza.Api.Configuration;

namespace Veza.Integration.Tests.Configuration;

public sealed class VezaSettingsTests
{
    private const string GoodSecret = "q8Zr4vN1xK7tB3mW9cY5hJ2dF6gL0sPa";
    private const string OtherSecret = "aP0sL6gF2dJ5hY9cW3mB7tK1xN4vrZ8q";

    [Fact]
    public void Without_any_variable_it_is_development_on_loopback_with_every_role()
    {
        var settings = Parse();

        Assert.Equal((RunEnvironment.Development, "127.0.0.1", 8080, 9090), (settings.Environment, settings.Host, settings.Port, settings.PrometheusPort));
        Assert.Equal(["api", "media", "projections", "realtime"], settings.Roles.Order());
        Assert.Equal(200L << 20, settings.UploadBytesMax);
        Assert.Null(settings.Database);
        Assert.Equal(Path.Combine(Path.GetFullPath(".veza"), "media"), settings.MediaRoot);
    }

    [Fact]
    public void Every_wrong_value_is_reported_with_name_value_and_what_is_allowed()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() => Parse(("PORT", "99999"), ("MAX_UPLOAD_SIZE", "1TB"), ("LOG_LEVEL", "loud"), ("ROLES", "api,cook")));

        Assert.Equal(4, refused.Problems.Count);
        Assert.Contains("PORT=99999 is not allowed; allowed is a whole number from 1 to 65535", refused.Problems);
        Assert.Contains("LOG_LEVEL=loud is not allowed; allowed is trace, debug, info, warning or error", refused.Problems);
        Assert.All(refused.Problems, problem => Assert.DoesNotContain('\n', problem));
    }

    [Fact]
    public void A_wrong_secret_is_never_shown()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() => Parse(("JWT_SECRET", "tiny"), ("DATABASE_URL", "mysql://ada:hidden@db/veza")));

        Assert.Equal(2, refused.Problems.Count);
        Assert.DoesNotContain("tiny", refused.Message);
        Assert.DoesNotContain("hidden", refused.Message);
    }

    [Fact]
    public void Production_needs_its_secrets()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() => Parse(("ENVIRONMENT", "production")));

        Assert.Equal(["ENCRYPTION_KEY", "JWT_SECRET"], refused.Problems.Select(p => p.Split(' ')[0]).Order());
        Assert.Equal("0.0.0.0", Parse(("ENVIRONMENT", "production"), ("JWT_SECRET", GoodSecret), ("ENCRYPTION_KEY", OtherSecret)).Host);
    }

    [Theory]
    [InlineData("changeme-changeme-changeme-0123456789")]
    [InlineData("abababababababababababababababababab")]
    [InlineData("q8Zr4vN1xK7tB3mW9cY5hJ2dF6gL0sP")]
    public void A_guessable_or_short_secret_is_refused(string secret) =>
        Assert.Throws<InvalidSettingsException>(() => Parse(("JWT_SECRET", secret)));

    [Fact]
    public void One_secret_must_not_serve_twice() =>
        Assert.Throws<InvalidSettingsException>(() => Parse(("JWT_SECRET", GoodSecret), ("ENCRYPTION_KEY", GoodSecret)));

    [Theory]
    [InlineData("500MB", 500L << 20)]
    [InlineData("1kb", 1024L)]
    [InlineData("4096", 4096L)]
    public void Sizes_may_have_units(string text, long bytes) => Assert.Equal(bytes, Parse(("MAX_UPLOAD_SIZE", text)).UploadBytesMax);

    [Theory]
    [InlineData("501MB")]
    [InlineData("0")]
    [InlineData("-1MB")]
    [InlineData("99999999999999999999MB")]
    public void Sizes_have_bounds(string text) => Assert.Throws<InvalidSettingsException>(() => Parse(("MAX_UPLOAD_SIZE", text)));

    [Fact]
    public void A_database_url_becomes_a_connection_string()
    {
        var database = Parse(("DATABASE_URL", "postgresql://ada:p%40ss@db.example:6432/veza?sslmode=require")).Database!;

        Assert.Equal("Host=db.example;Port=6432;Username=ada;Database=veza;Password=p@ss;SSL Mode=Require", database.ConnectionString);
        Assert.DoesNotContain("p@ss", database.ToString());
    }

    [Fact]
    public void An_empty_value_counts_as_not_set() => Assert.Equal(8080, Parse(("PORT", "")).Port);

    [Fact]
    public void Object_storage_needs_bucket_and_keys()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() => Parse(("S3_ENDPOINT", "https://s3.example")));

        Assert.Equal(["S3_ACCESS_KEY", "S3_BUCKET", "S3_SECRET_KEY"], refused.Problems.Select(p => p.Split(' ')[0]).Order());
    }

    [Fact]
    public void Secrets_of_development_are_made_once_and_kept_private()
    {
        var home = Directory.CreateTempSubdirectory("veza-secrets-").FullName;
        var first = DevelopmentSecrets.Fill(Parse(("VEZA_HOME", home)));
        var second = DevelopmentSecrets.Fill(Parse(("VEZA_HOME", home)));

        Assert.Equal((first.JwtSecret, first.EncryptionKey), (second.JwtSecret, second.EncryptionKey));
        Assert.NotEqual(first.JwtSecret, first.EncryptionKey);
        Assert.All(Directory.GetFiles(home), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Directory.Delete(home, recursive: true);
    }

    [Fact]
    public void The_print_out_shows_values_and_masks_secrets()
    {
        var text = SettingsText.Current(new Dictionary<string, string> { ["PORT"] = "8181", ["JWT_SECRET"] = GoodSecret });

        Assert.Contains("8181   (set; default: 8080)", text);
        Assert.DoesNotContain(GoodSecret, text);
        Assert.All(Variables.All, variable => Assert.Contains(variable.Name, text));
    }

    [Fact]
    public void The_documentation_is_what_the_table_says()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln"))) folder = folder.Parent!;

        Assert.Equal(SettingsText.Markdown(), File.ReadAllText(Path.Combine(folder.FullName, "docs", "configuration.md")));
    }

    private static VezaSettings Parse(params (string Name, string Value)[] variables) => VezaSettings.Parse(variables.ToDictionary(v => v.Name, v => v.Value));
}
