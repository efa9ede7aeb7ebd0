using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api.Observability;
using Veza.Integration.Tests.Chat;
using Veza.Integration.Tests.Music.Tracks;
using Veza.Integration.Tests.Observability;

namespace Veza.Integration.Tests.Security;

/// <summary>Texts that try to act as a header, a line of the log or a path.</summary>
public class InjectionTests(VezaServer veza)
{
    private const string Injected = "X-Injected";

    [Theory]
    [InlineData("/api/v1/nothing%0d%0aX-Injected:%201")]
    [InlineData("/api/v1/feed?before=%0d%0aX-Injected:%201")]
    [InlineData("/api/v1/charts/top?genre=%0d%0aX-Injected:%201&limit=1")]
    [InlineData("/api/v1/charts/%0d%0aX-Injected:%201")]
    [InlineData("/api/v1/tracks/0198f5c0-0000-7000-8000-000000000000/audio?format=%0d%0aX-Injected:%201")]
    [InlineData("/openapi/%0d%0aX-Injected:%201.json")]
    public async Task Nothing_that_is_asked_for_becomes_a_header(string path)
    {
        var ada = await veza.SharedAsync("ada");
        foreach (
            var more in new[]
            {
                "",
                "Origin: http://x\u0085X-Injected: 1\r\n",
                "Veza-After: \tX-Injected: 1\r\n",
                "Last-Event-ID: %0d%0aX-Injected: 1\r\n",
                "Idempotency-Key: %0d%0aX-Injected: 1\r\n",
            }
        )
        {
            var answer = await RawHttp.AskAsync(
                veza.Address,
                $"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + $"Authorization: Bearer {ada.AccessToken}\r\n{more}\r\n"
            );
            var head = answer.Split("\r\n\r\n")[0];
            Assert.DoesNotContain(head.Split("\r\n"), line =>
                line.StartsWith(Injected, StringComparison.OrdinalIgnoreCase)
            );
            Assert.NotEqual(0, RawHttp.StatusOf(answer));
            Assert.NotEqual(500, RawHttp.StatusOf(answer));
        }
    }

    [Fact]
    public async Task Names_are_of_one_line()
    {
        var ada = await veza.SharedAsync("ada");
        const string lines = "ada\r\nX-Injected: 1";
        await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts",
                new
                {
                    userName = lines,
                    email = "ada@example.org",
                    password = "correct horse battery",
                }
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts",
                new
                {
                    userName = "ada_of_lines",
                    email = $"{lines}@example.org",
                    password = "correct horse battery",
                }
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await veza
            .Anonymous.PostAsync(
                "/api/v1/sessions",
                new
                {
                    name = ada.UserName,
                    password = "correct horse battery",
                    device = lines,
                }
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await ada.PostAsync("/api/v1/api-keys", new { name = lines, scopes = new[] { "live:read" } })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await ada.PostAsync("/api/v1/communities", new { name = lines })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await ada.PostAsync("/api/v1/broadcasts", new { title = lines })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
    }

    [Fact]
    public async Task A_message_may_have_lines_and_a_live_event_still_has_one()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await chat.SendAsync(chat.Owner, "one\r\n\r\nevent: closed\ndata: {}\n\n");
        var position = chat.Owner.Position;
        using var answer = await chat.Member.GetAsync(
            $"/api/v1/live?topics=channel:{chat.Channel}&after={position - 1}"
        );
        using var limit = new CancellationTokenSource(RawHttp.AnswersMax);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(limit.Token));
        string? line;
        do line = await reader.ReadLineAsync(limit.Token);
        while (line is not null && !line.Contains("messageSent", StringComparison.Ordinal));
        Assert.StartsWith("data: ", line, StringComparison.Ordinal);
        Assert.Contains(@"one\r\n\r\nevent: closed\ndata: {}", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_entry_is_one_line_although_its_values_hold_line_breaks(bool json)
    {
        const string forged = "ada\r\n00:00:00.000 fail: Forged[0]\u001b[2Jdone\u0085\u0007\v\u2028end";
        var fault = new InvalidOperationException(forged, new FormatException(forged));
        var line = json ? JsonLine.Of(log => log.LogError(7, fault, "{Text}", forged)) : TextLine(forged, fault);
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        Assert.DoesNotContain(line[..^1], char.IsControl);
        Assert.DoesNotContain(line, c => c is '\u2028' or '\u2029');
        Assert.Contains("Forged[0]", line, StringComparison.Ordinal);

        static string TextLine(string message, Exception fault)
        {
            var written = new StringWriter { NewLine = "\n" };
            var entry = new LogEntry<string>(LogLevel.Error, "Tests", 7, message, fault, (text, _) => text);
            new TextLogFormatter(TimeProvider.System).Write(entry, null, written);
            return written.ToString();
        }
    }

    [Theory]
    [InlineData("/api/v1/tracks/..%2f..%2f..%2fetc%2fpasswd/audio")]
    [InlineData("/api/v1/tracks/0198f5c0-0000-7000-8000-000000000000/..%2f..%2foriginal")]
    [InlineData("/api/v1/tracks/0198f5c0-0000-7000-8000-000000000000/audio?format=../../../etc/passwd")]
    [InlineData("/live/..%2f..%2fetc%2fpasswd")]
    [InlineData("/live/../../../../etc/passwd")]
    [InlineData("/docs/..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/docs/..%5c..%5c..%5coperator.json")]
    [InlineData("/docs/%2e%2e/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/docs//etc/passwd")]
    [InlineData("/openapi/..%2f..%2fv1.json")]
    [InlineData("/.well-known/../operator.json")]
    [InlineData("/operator.json")]
    [InlineData("//etc/passwd")]
    [InlineData("/./../jwt.secret")]
    public async Task No_path_leads_to_a_file_of_the_servers(string path)
    {
        var ada = await veza.SharedAsync("ada");
        var answer = await RawHttp.AskAsync(
            veza.Address,
            $"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {ada.AccessToken}\r\n\r\n"
        );
        Assert.InRange(RawHttp.StatusOf(answer), 300, 499);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("\"password\"", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../../../veza-traversal.wav")]
    [InlineData("/veza-traversal.wav")]
    [InlineData("..\\..\\veza-traversal.wav")]
    [InlineData("%2e%2e%2fveza-traversal.wav")]
    public async Task A_files_name_says_nothing_about_where_it_is_kept(string name)
    {
        var home = new DirectoryInfo(veza.Home);
        using var form = new MultipartFormDataContent { { new StringContent("Night drive"), "title" } };
        var sound = new ByteArrayContent(Wave.Sine(1, 8_000));
        sound.Headers.TryAddWithoutValidation(
            "Content-Disposition",
            $"form-data; name=\"file\"; filename=\"{name.Replace("\\", "\\\\", StringComparison.Ordinal)}\""
        );
        form.Add(sound);
        var made = await (await veza.SharedAsync("artist"))
            .SendAsync(HttpMethod.Post, "/api/v1/tracks", form)
            .JsonAsync(HttpStatusCode.Created);
        Assert.Contains(home.EnumerateFiles("original", SearchOption.AllDirectories), f =>
            f.Directory!.Name == made.Id().ToString("N")
        );
        Assert.DoesNotContain(home.EnumerateFiles("*", SearchOption.AllDirectories), f =>
            f.Name.Contains("traversal", StringComparison.Ordinal)
        );
        Assert.False(File.Exists("/veza-traversal.wav"));
        Assert.False(File.Exists(Path.Combine(home.Parent!.FullName, "veza-traversal.wav")));
    }
}
