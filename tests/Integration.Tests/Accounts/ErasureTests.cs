using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api;
using Veza.Api.Auth;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Verification;
using Veza.Integration.Tests.Music.Tracks;

namespace Veza.Integration.Tests.Accounts;

/// <summary>
/// Erasing an account is preceded by an export, and afterwards nothing of the account is left anywhere.
/// </summary>
public class ErasureTests(VezaServer shared)
{
    private const string Password = "correct horse battery";

    /// <summary>Marks every text that Ada writes, so that any remainder of one is found.</summary>
    private const string Mark = "zqmark";

    [Fact]
    public async Task Nothing_of_an_erased_account_is_left_in_tables_logs_or_files_and_everything_else_is_intact()
    {
        // A database of its own, which is searched completely, and a second node, which has Ada's key in memory.
        var veza = new VezaServer { More = [("LOG_LEVEL", "info")] };
        await veza.InitializeAsync();
        await using var owned = veza;
        var lines = new Lines();
        var loggers = veza.Running.App.Services.GetRequiredService<ILoggerFactory>();
        loggers.AddProvider(lines);
        loggers.CreateLogger<ErasureTests>().LogInformation("lines are looked at");
        await using var other = await VezaHost.StartAsync(
            VezaServer.Settings(veza.Home, ("ROLES", "api")),
            veza.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );

        var (ada, bo) = (await veza.RegisterAsync(Mark), await veza.RegisterAsync("bo"));
        var community = await bo.PostAsync("/api/v1/communities", new { name = "Vinyl diggers" })
            .JsonAsync(HttpStatusCode.Created);
        await ada.PutAsync($"/api/v1/communities/{community.Id()}/members/me").JsonAsync();
        var messages = $"/api/v1/channels/{community.GetProperty("generalChannelId").GetGuid()}/messages";
        var (wrote, edited) = ($"{Mark} said \"this\" 🔥", $"{Mark} meant that");
        var sent = (
            await ada.PostAsync(messages, new { text = wrote }, ("Idempotency-Key", Mark))
                .JsonAsync(HttpStatusCode.Created)
        ).Id();
        await ada.PatchAsync($"/api/v1/messages/{sent}", new { text = edited }).JsonAsync();
        var deleted = (
            await ada.PostAsync(messages, new { text = $"{Mark} took back" }).JsonAsync(HttpStatusCode.Created)
        ).Id();
        await ada.DeleteAsync($"/api/v1/messages/{deleted}").JsonAsync();
        await bo.PostAsync(messages, new { text = "bo stays" }).JsonAsync(HttpStatusCode.Created);
        await ada.PostAsync("/api/v1/broadcasts", new { title = $"{Mark} show" }).JsonAsync(HttpStatusCode.Created);
        await ada.PostAsync("/api/v1/api-keys", new { name = $"{Mark} bot", scopes = new[] { "messages:write" } })
            .JsonAsync(HttpStatusCode.Created);
        await veza
            .Anonymous.PostAsync(
                "/api/v1/sessions",
                new
                {
                    name = ada.UserName,
                    password = Password,
                    device = $"{Mark} phone",
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        var track = (
            await ada.SendAsync(
                    HttpMethod.Post,
                    "/api/v1/tracks",
                    Wave.Form(
                        Wave.Sine(2, 8_000),
                        ("title", $"{Mark} song"),
                        ("genre", $"{Mark} genre"),
                        ("description", $"{Mark} notes")
                    )
                )
                .JsonAsync(HttpStatusCode.Created)
        ).Id();
        await ada.PostAsync($"/api/v1/tracks/{track}/comments", new { text = $"{Mark} drop", atMs = 100 })
            .JsonAsync(HttpStatusCode.Created);
        await Eventually.TrueAsync(
            async () =>
                (await ada.GetAsync($"/api/v1/tracks/{track}").JsonAsync()).GetProperty("status").GetString()
                == "ready",
            what: "the track is ready"
        );
        var before = ada.Position;

        var export = await ExportAsync(ada);
        foreach (
            var text in (string[])
                [
                    ada.UserName,
                    $"{ada.UserName}@example.org",
                    wrote,
                    edited,
                    $"{Mark} took back",
                    $"{Mark} show",
                    $"{Mark} bot",
                    $"{Mark} phone",
                    $"{Mark} song",
                    $"{Mark} notes",
                    $"{Mark} drop",
                ]
        )
            Assert.Contains(export, e => Texts(e.GetProperty("data")).Contains(text));
        Assert.DoesNotContain(export, e => e.GetProperty("data").TryGetProperty("passwordHash", out _));
        Assert.DoesNotContain(export, e => Texts(e.GetProperty("data")).Contains("bo stays"));
        await other.Log.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Equal(wrote, await TextAsync(other, sent));
        Assert.True(
            await MentionsAsync(veza.ConnectionString, "views"),
            "nothing would be found even before the erasure"
        );
        // Checkpointed, so that the table's file and not only the WAL must lose it.
        await ExecuteAsync(veza.ConnectionString, "analyze; checkpoint");
        Assert.NotEmpty(FilesWithMark(veza.DataFolder, "base"));
        Assert.NotEmpty(FilesWithMark(veza.DataFolder, "pg_wal"));

        await EraseAsync(ada, "wrong horse battery").RefusedAsync(HttpStatusCode.Forbidden, "password_wrong");
        var erasure = (await EraseAsync(ada, Password).JsonAsync()).GetProperty("erasure").GetString()!;
        bo.SeeWhat(ada);

        await ada.GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = ada.UserName, password = Password })
            .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        var page = (await bo.GetAsync(messages).JsonAsync()).Items();
        Assert.Equal(["bo stays", ""], page.Select(m => m.GetProperty("text").GetString()));
        Assert.Equal(
            [bo.UserName, "deleted user"],
            page.Select(m => m.GetProperty("author").GetProperty("userName").GetString())
        );
        Assert.DoesNotContain(
            Mark,
            await (await bo.GetAsync($"{messages}?asOf={before}")).Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken
            ),
            StringComparison.Ordinal
        );
        await Eventually.TrueAsync(
            async () => await TextAsync(other, sent) == "",
            what: "the other node no longer reads what Ada wrote"
        );

        var running = veza.Running.Projections;
        await running.WaitAsync(
            running.Status.Select(s => s.Name),
            veza.Running.Log.Head,
            TestContext.Current.CancellationToken
        );
        await Eventually.TrueAsync(
            () => !Directory.Exists(Path.Combine(veza.Home, "media", "tracks", track.ToString("N"))),
            what: "the sound is gone"
        );
        await Eventually.TrueAsync(
            async () => (await new MailFolder(veza.Home).AboutAsync(ada.Id)).Count == 0,
            what: "the mails are gone"
        );
        await AssertGoneAsync(veza.ConnectionString);
        Assert.DoesNotContain(lines.All, l => l.Contains(Mark, StringComparison.OrdinalIgnoreCase));
        Assert.NotEmpty(lines.All);
        foreach (
            var file in Directory.EnumerateFiles(Path.Combine(veza.Home, "media"), "*", SearchOption.AllDirectories)
        )
            Assert.True(
                (await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken))
                    .AsSpan()
                    .IndexOf(Encoding.ASCII.GetBytes(Mark)) < 0,
                $"{file} holds a mark"
            );
        await VerifyAsync(veza.ConnectionString);

        await Eventually.TrueAsync(
            async () =>
                (await veza.Anonymous.GetAsync(erasure).JsonAsync()).GetProperty("state").GetString() != "pending",
            what: "the files are swept"
        );
        var swept = await veza.Anonymous.GetAsync(erasure).JsonAsync();
        Assert.True(swept.GetProperty("state").GetString() == "done", $"the sweep said {swept}");
        Assert.Equal([], FilesWithMark(veza.DataFolder, ""));
        await veza
            .Anonymous.GetAsync($"/api/v1/erasures/{bo.Id}")
            .RefusedAsync(HttpStatusCode.NotFound, "erasure_unknown");
        Assert.Equal(
            0L,
            await ExecuteAsync(
                veza.ConnectionString,
                "select count(*) from pg_file_settings where name = 'wal_recycle'"
            )
        );

        // A rebuild from the log yields the same rows: no text returns.
        var rows = await RowsAsync(veza.ConnectionString);
        foreach (var projection in VezaApplication.CreateProjections())
            Assert.True(await running.Builds.RequestAsync(projection.Name, TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(
            async () => (await running.Builds.ListAsync(TestContext.Current.CancellationToken)).Count == 0,
            what: "the builds have ended"
        );
        Assert.Equal(rows, await RowsAsync(veza.ConnectionString));
        await AssertGoneAsync(veza.ConnectionString);

        // The names are free again.
        await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts",
                new
                {
                    userName = ada.UserName,
                    email = $"{ada.UserName}@example.org",
                    password = Password,
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        await VerifyAsync(veza.ConnectionString);
    }

    [Fact]
    public async Task An_account_with_two_factors_is_erased_by_both_alone()
    {
        var ada = await shared.RegisterAsync("ada");
        var begun = await ada.PostAsync("/api/v1/accounts/me/two-factor", new { password = Password })
            .JsonAsync(HttpStatusCode.Created);
        var secret = shared.Running.App.Services.GetRequiredService<TwoFactors>().Secret(begun.Id());
        var step = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds;
        var confirmed = await ada.PostAsync(
                "/api/v1/accounts/me/two-factor/confirm",
                new { code = Totp.Code(secret, step) }
            )
            .JsonAsync();
        var recovery = confirmed.GetProperty("recoveryCodes").EnumerateArray().First().GetString();
        await EraseAsync(ada, Password).RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_required");
        await EraseAsync(ada, Password, "000000x").RefusedAsync(HttpStatusCode.Forbidden, "code_wrong");
        await EraseAsync(ada, Password, recovery).JsonAsync();
    }

    private static Task<HttpResponseMessage> EraseAsync(Person person, string password, string? code = null) =>
        person.SendAsync(HttpMethod.Delete, "/api/v1/accounts/me", JsonContent.Create(new { password, code }));

    private static async Task<List<JsonElement>> ExportAsync(Person person)
    {
        var answer = await person.GetAsync("/api/v1/accounts/me/export");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("attachment", answer.Content.Headers.ContentDisposition?.DispositionType);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return
        [
            .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => JsonSerializer.Deserialize<JsonElement>(l)),
        ];
    }

    private static IEnumerable<string?> Texts(JsonElement data) =>
        data.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String).Select(p => p.Value.GetString());

    private static async Task<string> TextAsync(RunningVeza node, Guid message)
    {
        var events = await node.Log.Reader.ReadAsync(
            new() { Stream = message },
            1,
            TestContext.Current.CancellationToken
        );
        return ((MessageSent)events[0].Data!).Text;
    }

    private static async Task AssertGoneAsync(string database)
    {
        foreach (var schema in (string[])["log", "views", "public"])
            Assert.False(await MentionsAsync(database, schema), $"something in the schema {schema} holds a mark");
    }

    /// <summary>True when any row of any table holds the mark, as text or as bytes.</summary>
    private static async Task<bool> MentionsAsync(string database, string schema)
    {
        var hex = Convert.ToHexStringLower(Encoding.ASCII.GetBytes(Mark));
        var dump = await DumpAsync(database, schema);
        return dump.Any(row =>
            row.Contains(Mark, StringComparison.OrdinalIgnoreCase)
            || row.Contains(hex, StringComparison.OrdinalIgnoreCase)
        );
    }

    private static async Task<string[]> RowsAsync(string database) =>
        [.. (await DumpAsync(database, "views")).Order(StringComparer.Ordinal)];

    private static async Task<List<string>> DumpAsync(string database, string schema)
    {
        await using var source = NpgsqlDataSource.Create(database);
        var tables = new List<string>();
        await using (
            var list = source.CreateCommand(
                "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = $1 "
                    + "and tablename not in (select name from log.retired_tables)"
            )
        )
        {
            list.Parameters.Add(new NpgsqlParameter<string> { TypedValue = schema });
            await using var names = await list.ExecuteReaderAsync();
            while (await names.ReadAsync())
                tables.Add(names.GetString(0));
        }
        var dump = new List<string>();
        foreach (var table in tables)
        {
            await using var select = source.CreateCommand($"select t::text from {table} t");
            await using var rows = await select.ExecuteReaderAsync();
            while (await rows.ReadAsync())
                dump.Add($"{table} {rows.GetString(0)}");
        }
        return dump;
    }

    private static async Task<object?> ExecuteAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        object? answer = null;
        foreach (var statement in sql.Split("; "))
        {
            await using var command = source.CreateCommand(statement);
            answer = await command.ExecuteScalarAsync();
        }
        return answer;
    }

    /// <summary>The server's files that hold the mark.</summary>
    private static List<string> FilesWithMark(string data, string folder) =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(data, folder), "*", SearchOption.AllDirectories)
                .Where(f =>
                {
                    try
                    {
                        return File.ReadAllBytes(f).AsSpan().IndexOf(Encoding.ASCII.GetBytes(Mark)) >= 0;
                    }
                    // The server removes files during the search.
                    catch (IOException)
                    {
                        return false;
                    }
                }),
        ];

    private static async Task VerifyAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        var report = await new LogVerifier(source, VezaApplication.NameRules).VerifyAsync(
            TestContext.Current.CancellationToken
        );
        Assert.Empty(report.Checks.SelectMany(c => c.Differences));
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => All.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose() { }
    }
}
