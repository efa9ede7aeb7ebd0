using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Veza.Api.Replay;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Appending;

namespace Veza.Integration.Tests.Replay;

/// <summary>Readers of large answers that stop reading: what they hold, and which others they delay.</summary>
public class SlowReadersTests(VezaServer veza)
{
    /// <summary>More than the buffers between the server and a client hold, which is some megabytes.</summary>
    private const int Events = 300;
    private static readonly string Long = new('x', 60_000);

    [Fact]
    public async Task An_export_that_is_not_read_delays_no_other()
    {
        var (slow, other) = (await veza.RegisterAsync("slow"), await veza.RegisterAsync("other"));
        await WriteMuchAsync(slow.Id);
        using var unread = await Unread.OpenAsync(veza.Address, "/api/v1/accounts/me/export", slow.AccessToken!);
        for (var i = 0; i < 3; i++)
        {
            var text = await (await other.GetAsync("/api/v1/accounts/me/export")).Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken
            );
            Assert.Contains("account_registered", text, StringComparison.Ordinal);
        }
        await unread.ToEndAsync();
        // The same account's next answer waits for this one.
        await Eventually.TrueAsync(async () =>
            (await slow.GetAsync("/api/v1/accounts/me/export")).StatusCode == HttpStatusCode.OK
        );
    }

    [Theory]
    [InlineData("signs out")]
    [InlineData("loses the key")]
    public async Task A_slow_reader_of_the_log_gets_no_more_once_its_session_has_ended(string how)
    {
        var analyst = await veza.OperatorAsync();
        var key = await analyst
            .PostAsync("/api/v1/api-keys", new { name = "reader", scopes = new[] { "log:read" } })
            .JsonAsync(HttpStatusCode.Created);
        var after = veza.Running.Log.Head;
        var last = await WriteMuchAsync(Guid.CreateVersion7());
        var token = how == "signs out" ? analyst.AccessToken! : key.GetProperty("key").GetString()!;
        using var unread = await Unread.OpenAsync(veza.Address, $"/api/v1/log?follow=true&after={after}", token);
        await analyst
            .DeleteAsync(how == "signs out" ? "/api/v1/sessions/current" : $"/api/v1/api-keys/{key.Id()}")
            .JsonAsync();
        var read = await unread.ToEndAsync();
        var positions = Regex
            .Matches(read, @"^\{""position"":(\d+),", RegexOptions.Multiline)
            .Select(m => long.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))
            .ToList();
        Assert.InRange(positions[^1], after + 1, last - 1);
        Assert.DoesNotContain("session_ended", read, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_has_one_export_and_so_many_answers_of_the_log_and_others_have_theirs()
    {
        await using var readers = new LogReaders();
        var (one, other, ct) = (Guid.CreateVersion7(), Guid.CreateVersion7(), TestContext.Current.CancellationToken);
        var export = await readers.TryExportAsync(one, ct);
        Assert.NotNull(export);
        Assert.Null(await readers.TryExportAsync(one, ct));
        Assert.NotNull(await readers.TryExportAsync(other, ct));
        export.Dispose();
        Assert.NotNull(await readers.TryExportAsync(one, ct));

        for (var i = 0; i < LogReaders.AnswersPerAccountMax; i++)
            Assert.NotNull(await readers.TryAnswerAsync(one, ct));
        Assert.Null(await readers.TryAnswerAsync(one, ct));
        Assert.NotNull(await readers.TryAnswerAsync(other, ct));
    }

    [Fact]
    public async Task Every_open_answer_gets_its_turn_at_the_database_and_none_is_turned_away()
    {
        await using var readers = new LogReaders();
        var ct = TestContext.Current.CancellationToken;
        var accounts = Enumerable.Range(0, LogReaders.ExportsMax).Select(_ => Guid.CreateVersion7()).ToArray();
        var exports = accounts.Select(account => PassAsync(readers.ExportPageAsync(account, ct)));
        var pages = accounts
            .Take(LogReaders.AnswersMax / LogReaders.AnswersPerAccountMax)
            .SelectMany(account =>
                Enumerable
                    .Range(0, LogReaders.AnswersPerAccountMax)
                    .Select(_ => PassAsync(readers.PageAsync(account, ct)))
            );
        await Task.WhenAll([.. exports, .. pages]);

        static async Task PassAsync(ValueTask<IDisposable> turn)
        {
            using (await turn)
                await Task.Yield();
        }
    }

    /// <returns>The position of the last.</returns>
    private async Task<long> WriteMuchAsync(Guid author)
    {
        var last = 0L;
        foreach (var batch in Enumerable.Range(0, Events).Chunk(50))
        {
            var messages = batch
                .Select(_ => Guid.CreateVersion7())
                .Select(id => new StreamChange(
                    id,
                    "test",
                    0,
                    [new MessageSent(id, Guid.CreateVersion7(), author, Long, null)]
                ))
                .ToArray();
            last = Assert
                .IsType<AppendOutcome.Accepted>(
                    await veza.Running.Log.Appender.AppendAsync(new(Guid.CreateVersion7(), messages, []))
                )
                .Position;
        }
        return last;
    }

    /// <summary>A request whose answer has begun, and is not read further until the test says so.</summary>
    private sealed class Unread(TcpClient tcp, byte[] begun) : IDisposable
    {
        public static async Task<Unread> OpenAsync(string address, string path, string token)
        {
            var uri = new Uri(address);
            var tcp = new TcpClient { ReceiveBufferSize = 4096 };
            await tcp.ConnectAsync(IPAddress.Parse(uri.Host), uri.Port);
            await tcp.GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                            + $"Authorization: Bearer {token}\r\n\r\n"
                    )
                );
            var begun = new List<byte>();
            var next = new byte[1];
            // The first object begins: the server has sent a part of the answer.
            while (next[0] != (byte)'{')
            {
                await tcp.GetStream().ReadExactlyAsync(next, TestContext.Current.CancellationToken);
                begun.Add(next[0]);
            }
            Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString([.. begun]), StringComparison.Ordinal);
            return new(tcp, [.. begun]);
        }

        public async Task<string> ToEndAsync()
        {
            using var all = new MemoryStream();
            all.Write(begun);
            try
            {
                await tcp.GetStream().CopyToAsync(all, 1 << 20, TestContext.Current.CancellationToken);
            }
            // A cut connection was read as far as it went.
            catch (IOException) { }
            // Chunks begin anywhere, so their marks are removed from within lines.
            return Regex.Replace(Encoding.UTF8.GetString(all.ToArray()), @"(\r\n)?[0-9a-f]+\r\n(?=[^\r])", "");
        }

        public void Dispose() => tcp.Dispose();
    }
}
