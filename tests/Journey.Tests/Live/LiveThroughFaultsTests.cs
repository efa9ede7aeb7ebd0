using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api;
using Veza.Domain.Chat.Channels;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Postgres;
using Veza.EventStore.Reading;

namespace Veza.Journey.Tests.Live;

/// <summary>
/// Half of the subscribers are raw WebSockets, and half use the client library. All reach three nodes by one address
/// without knowing which. Through all faults each ends with exactly the log's events of its topics, in order.
/// </summary>
public sealed class LiveThroughFaultsTests : IAsyncLifetime
{
    private const int Topics = 50,
        Subscribers = 200,
        Nodes = 3,
        Writers = 4,
        WrittenBetweenFaults = 100;
    private const int CutAtOnce = 20,
        CutBytesMax = 20_000;
    private static readonly TimeSpan ArrivedWithin = TimeSpan.FromSeconds(90);

    private const string EncryptionKey = "three-nodes-of-one-test-share-this-too";
    private static readonly bool Long = Environment.GetEnvironmentVariable("VEZA_FAULTS") == "1";
    private static readonly int Seed = int.TryParse(
        Environment.GetEnvironmentVariable("VEZA_FAULTS_SEED"),
        out var given
    )
        ? given
        : Environment.TickCount & 0xFFFFFF;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly Random _random = new(Seed);
    private LocalPostgres _postgres = null!;
    private VezaProcess[] _nodes = [];
    private Balancer _balancer = null!;
    private string _token = "";
    private Guid[] _channels = [];
    private int _written;

    public async ValueTask InitializeAsync()
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"VEZA_FAULTS_SEED={Seed}");
        _postgres = await LocalPostgres.StartEphemeralAsync(loopback: true);
        var of = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString);
        (string, string)[] shared =
        [
            ("DATABASE_URL", $"postgresql://{of.Username}:{of.Password}@127.0.0.1:{_postgres.Port}/{of.Database}"),
            ("RATE_LIMIT_PER_MINUTE", "1000000"),
            ("JWT_SECRET", "three-nodes-of-one-test-share-this"),
            ("ENCRYPTION_KEY", EncryptionKey),
        ];
        _nodes = [.. Enumerable.Range(0, Nodes).Select(_ => new VezaProcess(shared))];
        // The first creates the schema for the others.
        await _nodes[0].StartAsync();
        await Task.WhenAll(_nodes[1..].Select(node => node.StartAsync()));
        _balancer = new([.. _nodes.Select(n => n.Port)]);
        await SetUpAsync();
    }

    [Fact]
    public async Task Every_subscriber_gets_exactly_the_log_through_kills_restarts_cut_connections_and_pauses()
    {
        var after = await HeadAsync();
        var raw = Enumerable
            .Range(0, Subscribers / 2)
            .Select(i => new RawSubscriber(_balancer.Port, _token, TopicsOf(i), after))
            .ToArray();
        using var library = await ClientSubscribers.StartAsync(
            _balancer.Port,
            _token,
            Enumerable.Range(Subscribers / 2, Subscribers / 2).Select(TopicsOf),
            after
        );
        using var enough = new CancellationTokenSource();
        var writing = Enumerable
            .Range(0, Writers)
            .Select(w => Task.Run(() => WriteAsync(new Random(Seed + w), enough.Token)))
            .ToArray();

        for (var round = 0; round < (Long ? 10 : 1); round++)
        for (var victim = 0; victim < Nodes; victim++)
        {
            await WrittenAsync(WrittenBetweenFaults);
            _balancer.CutSome(_random, CutAtOnce, CutBytesMax);
            if ((round + victim) % 2 == 0)
                await _nodes[victim].KillAsync();
            else
                Assert.Equal(0, await _nodes[victim].StopAsync());
            await WrittenAsync(WrittenBetweenFaults);
            _balancer.CutSome(_random, CutAtOnce, CutBytesMax);
            await _nodes[victim].StartAsync();
            if (victim == 0)
                await PauseAsync(raw, library);
        }
        await WrittenAsync(WrittenBetweenFaults);
        await enough.CancelAsync();
        await Task.WhenAll(writing);

        var expected = await ExpectedAsync(after);
        await UntilAllArrivedAsync(raw, library, expected);
        foreach (var subscriber in raw)
            await subscriber.DisposeAsync();
        await library.EndAsync();
        Assert.All(raw, s => Assert.Null(s.Fault));
        Assert.All(raw, s => Assert.Equal(Filtered(expected, s.Topics), s.Items));
        Assert.Equal(Subscribers / 2, library.Received.Length);
        Assert.All(library.Received, s => Assert.Null(s.Fault));
        Assert.All(library.Received, s => Assert.Equal(Filtered(expected, s.Topics), s.Items));
        var interruptions = library
            .Received.SelectMany(t => t.Interruptions)
            .GroupBy(i => i.Key, i => i.Value)
            .Select(g => $"{g.Sum()} {g.Key}");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{expected.Count} events, {_balancer.Cuts} connections cut, "
                + $"{raw.Sum(s => s.Connections)} raw connections, "
                + $"interruptions of the library: {string.Join(", ", interruptions)}"
        );
        Assert.True(_balancer.Cuts > 0 && raw.Sum(s => s.Connections) > raw.Length, "nothing was disturbed");
        Assert.Contains(library.Received, t => t.Interruptions.ContainsKey("moving"));
    }

    /// <summary>Some stop reading until more events have been appended than a node's tail holds.</summary>
    private async Task PauseAsync(RawSubscriber[] raw, ClientSubscribers library)
    {
        foreach (var subscriber in raw.Where((_, i) => i % 4 == 0))
            subscriber.Pause();
        await library.SayAsync("pause");
        await WrittenAsync(WrittenBetweenFaults);
        await using (
            var log = await EventLog.OpenAsync(
                _postgres.ConnectionString,
                VezaApplication.EventTypes,
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None,
                wrapping: new(Encoding.UTF8.GetBytes(EncryptionKey))
            )
        )
        {
            var until = log.Head + Tail.EventsMax + 1000;
            await Task.WhenAll(
                Enumerable
                    .Range(0, 16)
                    .Select(async _ =>
                    {
                        while (log.Head < until)
                            await log.Appender.AppendAsync(
                                new(
                                    Guid.CreateVersion7(),
                                    [
                                        new(
                                            Guid.CreateVersion7(),
                                            "posting",
                                            0,
                                            [
                                                .. Enumerable
                                                    .Range(0, 128)
                                                    .Select(_ =>
                                                        (object)
                                                            new MemberPosted(
                                                                Guid.Empty,
                                                                Guid.Empty,
                                                                Guid.Empty,
                                                                DateTimeOffset.UnixEpoch
                                                            )
                                                    ),
                                            ]
                                        ),
                                    ],
                                    []
                                )
                            );
                    })
            );
        }
        foreach (var subscriber in raw)
            subscriber.GoOn();
        await library.SayAsync("go on");
    }

    private string[] TopicsOf(int subscriber) =>
        [
            .. new[] { subscriber, subscriber + 7, subscriber * 3 + 1 }
                .Take(1 + subscriber % 3)
                .Select(n => $"channel:{_channels[n % Topics]}")
                .Distinct(),
        ];

    private async Task SetUpAsync()
    {
        var account = await PostAsync(
            "/api/v1/accounts",
            new
            {
                userName = "owner",
                email = "owner@example.org",
                password = "correct horse battery",
            },
            Guid.CreateVersion7()
        );
        _token = account.GetProperty("accessToken").GetString()!;
        var community = (await PostAsync("/api/v1/communities", new { name = "Night trains" }, Guid.CreateVersion7()))
            .GetProperty("id")
            .GetGuid();
        _channels = await Task.WhenAll(
            Enumerable
                .Range(0, Topics)
                .Select(async i =>
                    (
                        await PostAsync(
                            $"/api/v1/communities/{community}/channels",
                            new { name = $"line-{i}", kind = "text" },
                            Guid.CreateVersion7()
                        )
                    )
                        .GetProperty("id")
                        .GetGuid()
                )
        );
    }

    private async Task WriteAsync(Random random, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            await PostAsync(
                $"/api/v1/channels/{_channels[random.Next(Topics)]}/messages",
                new { text = $"departure {random.Next(1000)}" },
                Guid.CreateVersion7()
            );
            Interlocked.Increment(ref _written);
        }
    }

    /// <summary>Repeats it under the same key, by any node that the balancer picks, until it is answered.</summary>
    private async Task<JsonElement> PostAsync(string path, object body, Guid key)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{_balancer.Port}{path}")
                {
                    Content = JsonContent.Create(body),
                };
                request.Headers.Add("Idempotency-Key", key.ToString());
                if (_token.Length > 0)
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
                using var answer = await _http.SendAsync(request);
                if (answer.IsSuccessStatusCode)
                    return await answer.Content.ReadFromJsonAsync<JsonElement>();
                if (tries == 100 || (int)answer.StatusCode < 500)
                    Assert.Fail(
                        $"{path} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}"
                    );
            }
            catch (Exception broken) when (broken is HttpRequestException or TaskCanceledException && tries < 100) { }
            await Task.Delay(50);
        }
    }

    private async Task WrittenAsync(int more)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var until = Volatile.Read(ref _written) + more; Volatile.Read(ref _written) < until; )
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    private async Task UntilAllArrivedAsync(
        RawSubscriber[] raw,
        ClientSubscribers library,
        List<(long Position, string Topic)> expected
    )
    {
        using var limit = new CancellationTokenSource(ArrivedWithin);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        try
        {
            while (
                !(
                    raw.All(s => s.Fault is not null || s.Items.Length >= Filtered(expected, s.Topics).Length)
                    && library.Received.Length > 0
                    && library.Received.All(s =>
                        s.Fault is not null || s.Items.Length >= Filtered(expected, s.Topics).Length
                    )
                )
            )
                await look.WaitForNextTickAsync(limit.Token);
        }
        // The comparison reports what is missing.
        catch (OperationCanceledException) { }
    }

    private static long[] Filtered(List<(long Position, string Topic)> expected, string[] topics) =>
        [.. expected.Where(e => topics.Contains(e.Topic)).Select(e => e.Position)];

    /// <summary>The messages in the log, read without the code of the live engine.</summary>
    private async Task<List<(long Position, string Topic)>> ExpectedAsync(long after)
    {
        await using var database = NpgsqlDataSource.Create(_postgres.ConnectionString);
        await using var command = database.CreateCommand(
            "select seq_id, 'channel:' || (data->>'channelId') from log.mt_events "
                + "where type = 'message_sent' and seq_id > $1 order by seq_id"
        );
        command.Parameters.AddWithValue(after);
        var expected = new List<(long, string)>();
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            expected.Add((rows.GetInt64(0), rows.GetString(1)));
        return expected;
    }

    private async Task<long> HeadAsync()
    {
        await using var database = NpgsqlDataSource.Create(_postgres.ConnectionString);
        await using var command = database.CreateCommand("select max(seq_id) from log.mt_events");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_balancer is not null)
            await _balancer.DisposeAsync();
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }
}
