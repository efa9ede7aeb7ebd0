using System.Net;
using System.Text;
using System.Text.Json;
using Veza.Api.Configuration;

namespace Veza.Integration.Tests.Configuration;

/// <summary>Settings from files and from Vault.</summary>
public sealed class SettingSourcesTests : IDisposable
{
    private const string GoodSecret = "q8Zr4vN1xK7tB3mW9cY5hJ2dF6gL0sPa";
    private const string OtherSecret = "aP0sL6gF2dJ5hY9cW3mB7tK1xN4vrZ8q";

    private readonly string _folder = Directory.CreateTempSubdirectory("veza-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void A_value_can_be_a_files_text_without_the_line_break_at_its_end(string end)
    {
        var settings = Parse(("JWT_SECRET_FILE", Write("jwt", GoodSecret + end)), ("PORT_FILE", Write("port", "8123")));

        Assert.Equal((GoodSecret, 8123), (settings.JwtSecret, settings.Port));
    }

    [Fact]
    public void A_file_that_cannot_be_used_is_named_with_the_reason()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() =>
            Parse(
                ("JWT_SECRET", GoodSecret),
                ("JWT_SECRET_FILE", Write("both", GoodSecret)),
                ("ENCRYPTION_KEY_FILE", Path.Combine(_folder, "none")),
                ("PORT_FILE", Write("empty", "\n")),
                ("LOG_LEVEL_FILE", Write("large", new string('x', SettingFiles.BytesMax + 1))),
                ("PUBLIC_URL_FILE", Write("wrong", "no address"))
            )
        );

        Assert.Equal(
            [
                "ENCRYPTION_KEY_FILE=" + Path.Combine(_folder, "none") + " cannot be read",
                "JWT_SECRET and JWT_SECRET_FILE are both set; allowed is one of them",
                $"LOG_LEVEL_FILE={Path.Combine(_folder, "large")} is larger than 65536 bytes, the most that is read",
                $"PORT_FILE={Path.Combine(_folder, "empty")} is empty",
                "PUBLIC_URL=no address is not allowed; allowed is an http",
            ],
            refused.Problems.Order(StringComparer.Ordinal).Select(p => p.Split(':')[0])
        );
    }

    [Fact]
    public async Task Secrets_that_are_not_set_here_come_from_vault()
    {
        await using var vault = new VaultServer(
            new()
            {
                ["jwt_secret"] = GoodSecret,
                ["ENCRYPTION_KEY"] = OtherSecret,
                ["port"] = "1",
            }
        );
        var settings = Parse(
            ("VAULT_ADDR", vault.Address),
            ("VAULT_TOKEN_FILE", Write("token", VaultServer.Token)),
            ("VAULT_PATH", "secret/data/veza/production"),
            ("ENCRYPTION_KEY", "k1xN4vrZ8qaP0sL6gF2dJ5hY9cW3mB7t")
        );

        Assert.Equal(GoodSecret, settings.JwtSecret);
        // What is set here wins, and what is no secret is not taken.
        Assert.Equal("k1xN4vrZ8qaP0sL6gF2dJ5hY9cW3mB7t", settings.EncryptionKey);
        Assert.Equal(8080, settings.Port);
    }

    [Fact]
    public async Task Vault_is_asked_again_while_it_starts_or_is_sealed()
    {
        await using var vault = new VaultServer(new() { ["jwt_secret"] = GoodSecret }) { SealedAnswers = 2 };
        var settings = Parse(
            ("VAULT_ADDR", vault.Address),
            ("VAULT_TOKEN", VaultServer.Token),
            ("VAULT_PATH", "secret/data/veza/production")
        );
        Assert.Equal(GoodSecret, settings.JwtSecret);
    }

    [Fact]
    public async Task Vault_is_asked_once_for_what_is_shown_and_used()
    {
        await using var vault = new VaultServer(new() { ["jwt_secret"] = GoodSecret });
        var sources = new SettingSources(
            new Dictionary<string, string>
            {
                ["VAULT_ADDR"] = vault.Address,
                ["VAULT_TOKEN"] = VaultServer.Token,
                ["VAULT_PATH"] = "secret/data/veza/production",
                ["PORT_FILE"] = Write("port", "8123"),
            }
        );
        var shown = SettingsText.Current(sources);

        Assert.Contains($"{Variable.Mask}   (from Vault; ", shown);
        Assert.Contains("8123   (from PORT_FILE; ", shown);
        Assert.Equal(GoodSecret, VezaSettings.Parse(sources).JwtSecret);
        Assert.Equal(1, vault.Requests);
    }

    [Theory]
    [InlineData("wrong-token", "secret/data/veza/production", "answered 403 Forbidden")]
    [InlineData(VaultServer.Token, "secret/data/veza/other", "answered 404 NotFound")]
    [InlineData(VaultServer.Token, "secret/veza", "did not answer as a key-value store of version 2 does")]
    public async Task What_vault_refuses_is_named_without_a_value(string token, string path, string reason)
    {
        await using var vault = new VaultServer(new() { ["jwt_secret"] = GoodSecret });
        var refused = Assert.Throws<InvalidSettingsException>(() =>
            Parse(("VAULT_ADDR", vault.Address), ("VAULT_TOKEN", token), ("VAULT_PATH", path))
        );

        var problem = Assert.Single(refused.Problems);
        Assert.StartsWith($"VAULT_ADDR={vault.Address} VAULT_PATH={path} {reason}", problem, StringComparison.Ordinal);
        Assert.DoesNotContain(token, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Vault_needs_a_path_and_a_token_and_in_production_https()
    {
        var refused = Assert.Throws<InvalidSettingsException>(() =>
            Parse(
                ("VAULT_ADDR", "http://vault.example:8200"),
                ("ENVIRONMENT", "production"),
                ("JWT_SECRET", GoodSecret),
                ("ENCRYPTION_KEY", OtherSecret)
            )
        );
        Assert.Equal(
            ["VAULT_ADDR", "VAULT_PATH", "VAULT_TOKEN"],
            refused.Problems.Select(p => p.Split(' ', '=')[0]).Order()
        );
    }

    [Theory]
    [InlineData("postgresql://veza:pw@db1:5433,db2/veza", "db1:5433,db2:5432")]
    [InlineData("postgresql://veza:p%2Cw@db1,db2:5432,db3:6000/veza?sslmode=require", "db1:5432,db2:5432,db3:6000")]
    [InlineData("postgresql://veza@[::1]:5433,10.0.0.2/veza", "[::1]:5433,10.0.0.2:5432")]
    [InlineData("postgresql://veza:pw@db1:5433/veza", "db1")]
    public void A_database_may_have_several_hosts(string url, string hosts)
    {
        var parsed = new Npgsql.NpgsqlConnectionStringBuilder(DatabaseUrl.Parse(url)!.ConnectionString);
        Assert.Equal((hosts, "veza"), (parsed.Host, parsed.Database));
    }

    [Theory]
    [InlineData("postgresql://veza:pw@db1,/veza")]
    [InlineData("postgresql://veza:pw@db1,db2:port/veza")]
    [InlineData("postgresql://veza:pw@,db2/veza")]
    public void A_host_that_is_none_is_refused(string url) => Assert.Null(DatabaseUrl.Parse(url));

    private static VezaSettings Parse(params (string Name, string Value)[] variables) =>
        VezaSettings.Parse(variables.ToDictionary(v => v.Name, v => v.Value));

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}

/// <summary>Answers as Vault's key-value store of version 2 does, for one secret.</summary>
internal sealed class VaultServer : IAsyncDisposable
{
    public const string Token = "hvs.stand-in";
    private readonly HttpListener _listener = new();
    private readonly Dictionary<string, string> _secret;
    private readonly Task _serving;

    public VaultServer(Dictionary<string, string> secret)
    {
        _secret = secret;
        Address = $"http://127.0.0.1:{Loopback.FreePort()}";
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address { get; }

    public int Requests { get; private set; }

    /// <summary>As many requests are answered as a sealed Vault does.</summary>
    public int SealedAnswers { get; set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext http;
            try
            {
                http = await _listener.GetContextAsync();
            }
            catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            var (status, body) = Answer(http.Request);
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/json";
            await http.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            http.Response.Close();
        }
    }

    private (int Status, string Body) Answer(HttpListenerRequest request)
    {
        Requests++;
        if (SealedAnswers > 0)
        {
            SealedAnswers--;
            return (503, """{"errors":["Vault is sealed"]}""");
        }
        if (request.Headers["X-Vault-Token"] != Token)
            return (403, """{"errors":["permission denied"]}""");
        return request.Url!.AbsolutePath switch
        {
            "/v1/secret/data/veza/production" => (
                200,
                JsonSerializer.Serialize(new { data = new { data = _secret, metadata = new { version = 3 } } })
            ),
            // A store of version 1 has the secret itself here.
            "/v1/secret/veza" => (200, JsonSerializer.Serialize(new { data = _secret })),
            _ => (404, """{"errors":[]}"""),
        };
    }
}
