using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>
/// People who write and follow channels through the proxy, as browsers do: HTTP/2, and WebSockets that resume.
/// </summary>
/// <remarks>
/// Counts exactly: each request that was not answered with success at its first attempt, each item that a subscriber
/// did not get, and each that it got twice. A failed command is sent again under its key until it is answered, so that
/// what was acknowledged is known. It goes on all the while; <see cref="Begin"/> and <see cref="CountAsync"/> count
/// what falls into a step.
/// A request whose connection ends by GOAWAY without an answer is sent again once and counted apart: it was not
/// processed, and browsers do the same. <see cref="ClosedConnections.Max"/> connections may end so in a step, with all
/// requests that are under way on them. Probably nginx before 1.27.4 closes a connection while it reads the heads of
/// requests.
/// </remarks>
internal sealed class Traffic : IAsyncDisposable
{
    /// <summary>Far longer than a restore takes.</summary>
    private static readonly TimeSpan AnswerMax = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(250);

    /// <summary>An access token lasts 15 minutes.</summary>
    private static readonly TimeSpan RenewEvery = TimeSpan.FromMinutes(10);

    /// <summary>A writer has one request at a time, so that answers may take half a second.</summary>
    private const double PerWriterAndSecond = 2;

    private readonly string _address;
    private readonly HttpClient _http = new(Handler())
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromSeconds(60),
    };
    private readonly List<Room> _rooms = [];
    private readonly List<Subscriber> _subscribers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<string> _failures = [];
    private Task _writers = Task.CompletedTask;
    private readonly Stopwatch _lastAnswer = new();
    private readonly Stopwatch _step = new();
    private TimeSpan _longestPause;
    private int _requests;
    private int _commands;
    private int _failed;
    private readonly ClosedConnections _closed = new();
    private int _itemsBefore;
    private int _repeatedBefore;

    private Traffic(string address) => _address = address;

    /// <summary>Commands acknowledged in this step.</summary>
    public int Commands => Volatile.Read(ref _commands);

    /// <summary>Subscriptions that were taken up again after they had ended.</summary>
    public int Resumed => _subscribers.Sum(s => s.Resumed);

    public int EpochsChanged => _subscribers.Sum(s => s.EpochsChanged);

    /// <summary>Makes the rooms and the subscribers, and begins to write.</summary>
    /// <param name="address">Such as <c>https://proxy1</c>. Any certificate will do.</param>
    /// <param name="perSecond">Requests, of which each fifth reads.</param>
    public static async Task<Traffic> StartAsync(string address, int rooms, int subscribers, int perSecond)
    {
        var traffic = new Traffic(address);
        for (var i = 0; i < rooms; i++)
            traffic._rooms.Add(await traffic.MakeRoomAsync());
        for (var i = 0; i < subscribers; i++)
        {
            var room = traffic._rooms[i % rooms];
            traffic._subscribers.Add(new(address, () => room.Token, room.Channel));
        }
        await Task.WhenAll(traffic._subscribers.Select(s => s.StartAsync()));
        traffic.Begin();
        var writers = Math.Max(rooms, (int)(perSecond / PerWriterAndSecond));
        var every = TimeSpan.FromSeconds((double)writers / perSecond);
        traffic._writers = Task.WhenAll(
            Enumerable.Range(0, writers).Select(i => traffic.WriteAsync(traffic._rooms[i % rooms], i, every))
        );
        return traffic;
    }

    /// <summary>Counts from zero.</summary>
    public void Begin()
    {
        foreach (var room in _rooms)
            lock (room.Acknowledged)
                room.Acknowledged.Clear();
        lock (_lock)
        {
            _requests = _commands = _failed = 0;
            _closed.Begin();
            _failures.Clear();
            _longestPause = TimeSpan.Zero;
            _lastAnswer.Restart();
            _step.Restart();
        }
        _itemsBefore = _subscribers.Sum(s => s.Items);
        _repeatedBefore = _subscribers.Sum(s => s.Repeated);
    }

    /// <summary>Waits until every subscriber has what was acknowledged since the beginning, and counts.</summary>
    public async Task<TrafficReport> CountAsync()
    {
        TrafficReport report;
        lock (_lock)
            report = new(
                _step.Elapsed,
                _requests,
                _commands,
                _failed,
                _closed.Requests,
                0,
                0,
                0,
                _longestPause,
                [.. _failures]
            );
        var sent = _rooms.ToDictionary(room => room.Channel, room => room.Sent());
        var missed = 0;
        foreach (var subscriber in _subscribers)
        {
            // One that never arrives shows in the count.
            await subscriber.ReachedAsync(
                sent[subscriber.Channel].Values.Select(a => a.Position).DefaultIfEmpty().Max()
            );
            missed += subscriber.Missing(sent[subscriber.Channel].Keys);
        }
        return report with
        {
            Items = _subscribers.Sum(s => s.Items) - _itemsBefore,
            Missed = missed,
            Repeated = _subscribers.Sum(s => s.Repeated) - _repeatedBefore,
        };
    }

    /// <summary>
    /// Renews all sessions, so that none is renewed for a while: a log that is restored to an earlier moment does not
    /// know the newest tokens.
    /// </summary>
    public Task RenewAsync() => Task.WhenAll(_rooms.Select(room => RenewAsync(room, TimeSpan.Zero)));

    /// <summary>Ends the writing, and counts.</summary>
    public async Task<TrafficReport> StopAsync()
    {
        await _stop.CancelAsync();
        await _writers;
        return await CountAsync();
    }

    /// <returns>How many messages of this step, acknowledged until then, the channels' histories do not have.</returns>
    public async Task<int> LostAsync(DateTimeOffset until)
    {
        var lost = 0;
        foreach (var room in _rooms)
        {
            var sent = room.Sent();
            var found = new HashSet<Guid>();
            var next = $"/api/v1/channels/{room.Channel}/messages?limit=1000";
            while (next is not null)
            {
                var page = await SendAsync(HttpMethod.Get, next, room.Token, null);
                foreach (var item in page.GetProperty("items").EnumerateArray())
                    found.Add(item.GetProperty("id").GetGuid());
                next = page.GetProperty("next").GetString();
            }
            lost += sent.Count(message => message.Value.At <= until && !found.Contains(message.Key));
        }
        return lost;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writers;
        foreach (var subscriber in _subscribers)
            await subscriber.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
    }

    public static SocketsHttpHandler Handler() =>
        new() { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, UseCookies = false };

    private async Task<Room> MakeRoomAsync()
    {
        var name = $"r{Guid.CreateVersion7().ToString("N")[^16..]}";
        var body = new
        {
            userName = name,
            email = $"{name}@example.org",
            password = "correct horse battery",
        };
        var session = await SendAsync(HttpMethod.Post, "/api/v1/accounts", null, body);
        var token = session.GetProperty("accessToken").GetString()!;
        var community = await SendAsync(HttpMethod.Post, "/api/v1/communities", token, new { name });
        return new(session, community.GetProperty("generalChannelId").GetGuid());
    }

    /// <summary>As a page does, before its token expires.</summary>
    private async Task RenewAsync(Room room, TimeSpan every)
    {
        if (!room.BeginsRenewal(every))
            return;
        var body = new { refreshToken = room.RefreshToken };
        room.Renewed(await SendAsync(HttpMethod.Post, "/api/v1/sessions/refresh", null, body));
    }

    private async Task WriteAsync(Room room, int writer, TimeSpan every)
    {
        using var ticks = new PeriodicTimer(every);
        var messages = $"/api/v1/channels/{room.Channel}/messages";
        for (var i = writer; !_stop.IsCancellationRequested; i++)
        {
            await RenewAsync(room, RenewEvery);
            if (i % 5 == 0)
            {
                await SendAsync(HttpMethod.Get, messages + "?limit=5", room.Token, null);
            }
            else
            {
                var answer = await SendAsync(HttpMethod.Post, messages, room.Token, new { text = $"number {i}" });
                var at = TimeProvider.System.GetUtcNow();
                lock (room.Acknowledged)
                    room.Acknowledged[answer.GetProperty("id").GetGuid()] = new(
                        answer.GetProperty("position").GetInt64(),
                        at
                    );
                lock (_lock)
                {
                    _commands++;
                    var pause = _lastAnswer.Elapsed;
                    _lastAnswer.Restart();
                    _longestPause = pause > _longestPause ? pause : _longestPause;
                }
            }
            try
            {
                await ticks.WaitForNextTickAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? token, object? body)
    {
        var key = Guid.CreateVersion7().ToString();
        var asked = Stopwatch.StartNew();
        var crossed = false;
        for (var attempt = 1; ; attempt++)
        {
            string why;
            try
            {
                using var request = new HttpRequestMessage(method, _address + path)
                {
                    Version = HttpVersion.Version20,
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                };
                if (token is not null)
                    request.Headers.Authorization = new("Bearer", token);
                if (body is not null)
                {
                    request.Headers.Add("Idempotency-Key", key);
                    request.Content = JsonContent.Create(body, body.GetType());
                }
                using var response = await _http.SendAsync(request);
                if (response.IsSuccessStatusCode)
                {
                    Interlocked.Increment(ref _requests);
                    return await response.Content.ReadFromJsonAsync<JsonElement>();
                }
                why = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
            }
            catch (HttpRequestException closed) when (!crossed && IsGoodbye(closed) && MaySendAgain())
            {
                crossed = true;
                attempt--;
                continue;
            }
            catch (Exception broken) when (broken is HttpRequestException or TaskCanceledException or IOException)
            {
                why = $"{broken.Message} {broken.InnerException?.Message}";
            }
            if (attempt == 1)
                Fail(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {method} {path}: {why}"
                    )
                );
            if (asked.Elapsed > AnswerMax)
                throw new TimeoutException($"{method} {path} was not answered within {AnswerMax}: {why}");
            using var wait = new PeriodicTimer(AgainAfter);
            await wait.WaitForNextTickAsync();
        }
    }

    /// <summary>The server closed the connection in order, by GOAWAY without an error, and did not answer.</summary>
    private static bool IsGoodbye(HttpRequestException fault) =>
        fault.InnerException is HttpProtocolException { ErrorCode: 0 };

    private bool MaySendAgain()
    {
        lock (_lock)
            return _closed.MaySendAgain();
    }

    private void Fail(string failure)
    {
        lock (_lock)
        {
            _failed++;
            if (_failures.Count < 20)
                _failures.Add(failure);
        }
    }

    private sealed class Room
    {
        private readonly Stopwatch _sinceRenewal = Stopwatch.StartNew();

        public Room(JsonElement session, Guid channel)
        {
            Channel = channel;
            Renewed(session);
        }

        public Guid Channel { get; }
        public string Token { get; private set; } = "";
        public string RefreshToken { get; private set; } = "";

        /// <summary>The messages of this step.</summary>
        public Dictionary<Guid, Acknowledgement> Acknowledged { get; } = [];

        public Dictionary<Guid, Acknowledgement> Sent()
        {
            lock (Acknowledged)
                return new(Acknowledged);
        }

        /// <returns>Whether the caller, alone of all writers, is to renew the session now.</returns>
        public bool BeginsRenewal(TimeSpan every)
        {
            lock (_sinceRenewal)
            {
                if (_sinceRenewal.Elapsed < every)
                    return false;
                _sinceRenewal.Restart();
                return true;
            }
        }

        public void Renewed(JsonElement session)
        {
            Token = session.GetProperty("accessToken").GetString()!;
            RefreshToken = session.GetProperty("refreshToken").GetString()!;
        }
    }

    private sealed record Acknowledgement(long Position, DateTimeOffset At);
}

/// <summary>What happened to the traffic of a step.</summary>
/// <param name="Requests">Answered requests.</param>
/// <param name="Commands">Of these, the ones that write.</param>
/// <param name="Failed">Requests that failed at their first attempt.</param>
/// <param name="SentAgain">Requests whose connection ended in order before an answer, and that were sent again.</param>
/// <param name="Items">Messages that all subscribers together received.</param>
/// <param name="Missed">Acknowledged messages that a subscriber did not get.</param>
/// <param name="Repeated">Messages that a subscriber got again, or out of order.</param>
/// <param name="LongestPause">The longest time without an acknowledged command.</param>
/// <param name="Failures">The first ones, with their time.</param>
internal sealed record TrafficReport(
    TimeSpan Took,
    int Requests,
    int Commands,
    int Failed,
    int SentAgain,
    int Items,
    int Missed,
    int Repeated,
    TimeSpan LongestPause,
    IReadOnlyList<string> Failures
);
