using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Veza.Api.Connections;

namespace Veza.Integration.Tests.Connections;

public sealed class ConnectionGateTests : IDisposable
{
    private const int Max = 100;
    private const int PerNetwork = 40;
    private const int Files = 5;

    private static readonly IPAddress Proxy = IPAddress.Parse("10.0.0.1");

    private readonly ManualTime _time = new();
    private readonly Lines _log = new();
    private readonly ConnectionGate _gate;

    public ConnectionGateTests() =>
        _gate = new(new("http", Max, PerNetwork, Files), address => Proxy.Equals(address), _time, _log);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public async Task A_network_has_its_share_and_gets_a_place_again_when_it_gives_one_back()
    {
        var mine = EnterAll("10.1.0.1", PerNetwork);
        Assert.Null(Enter("10.1.0.1"));
        Assert.NotNull(Enter("10.1.0.2"));

        await mine[0].DisposeAsync();
        await mine[0].DisposeAsync();

        Assert.NotNull(Enter("10.1.0.1"));
        Assert.Null(Enter("10.1.0.1"));
    }

    [Fact]
    public void An_IPv6_network_of_64_bits_is_one_and_an_IPv4_address_is_itself_either_way_it_is_written()
    {
        for (var i = 0; i < PerNetwork; i++)
            Assert.NotNull(Enter($"2001:db8::{i:x}"));
        Assert.Null(Enter("2001:db8::ffff:1"));
        Assert.NotNull(Enter("2001:db8:0:1::1"));

        EnterAll("10.1.0.1", PerNetwork);
        Assert.Null(Enter("::ffff:10.1.0.1"));
    }

    [Fact]
    public void A_trusted_proxy_is_bounded_by_the_limit_for_all_alone()
    {
        EnterAll("10.0.0.1", Max);
        Assert.Null(Enter("10.0.0.1"));
        Assert.Null(Enter("10.1.0.1"));
        Assert.Equal(Max, _gate.Open);
    }

    [Fact]
    public void The_last_places_are_for_networks_that_have_few()
    {
        EnterAll("10.1.0.1", PerNetwork);
        EnterAll("10.1.0.2", PerNetwork);
        var third = 0;
        while (Enter("10.1.0.3") is not null)
            third++;
        Assert.InRange(third, 1, Max - 2 * PerNetwork - 1);

        Assert.NotNull(Enter("10.1.0.4"));
        Assert.Null(Enter("10.1.0.1"));
    }

    [Fact]
    public void A_connection_without_a_request_is_closed_and_one_with_a_request_is_not()
    {
        var (silent, asked, answering) = (Enter("10.1.0.1")!, Enter("10.1.0.1")!, Enter("10.1.0.1")!);
        asked.Begin();
        asked.End();
        answering.Begin();

        _time.Advance(ConnectionGate.FirstRequestMax - TimeSpan.FromSeconds(2));
        Assert.False(IsCut(silent));
        _time.Advance(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        // A server that is late itself checks again before it treats a connection as silent.
        for (var look = 1; look < ConnectionGate.LateChecksMax; look++)
        {
            Assert.False(IsCut(silent));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(IsCut(silent));
        Assert.False(IsCut(asked));
        Assert.False(IsCut(answering));
    }

    [Fact]
    public void Near_the_limit_silent_connections_close_first_then_the_longest_idle_and_never_a_busy_one()
    {
        // From a trusted proxy, so the limit per network does not apply.
        var all = EnterAll("10.0.0.1", Max);
        foreach (var connection in all)
            connection.Begin();
        var longest = all[10];
        longest.End();
        _time.Advance(ConnectionGate.WaitMin);
        var waiting = all[20];
        waiting.End();
        _time.Advance(ConnectionGate.WaitMin);
        Assert.True(IsCut(longest) && IsCut(waiting), "who waits was not closed though no place is free");
        Assert.Equal(2, all.Count(IsCut));
    }

    [Fact]
    public async Task Silent_connections_are_closed_before_those_with_a_request()
    {
        var all = EnterAll("10.0.0.1", Max);
        foreach (var connection in all[..50])
        {
            connection.Begin();
            connection.End();
        }
        _time.Advance(ConnectionGate.WaitMin);
        Assert.Contains(all, IsCut);
        Assert.DoesNotContain(all[..50], IsCut);

        // Only as many as needed are closed, and their places are free again.
        Assert.Contains(all[50..], c => !IsCut(c));
        foreach (var cut in all.Where(IsCut))
            await cut.DisposeAsync();
        Assert.NotNull(Enter("10.1.0.1"));
    }

    [Fact]
    public void A_connection_handed_over_from_HTTP_is_not_closed_by_the_gate()
    {
        var all = EnterAll("10.0.0.1", Max);
        foreach (var connection in all)
            connection.Stay();
        _gate.Stop(TimeSpan.Zero);
        _time.Advance(ConnectionGate.FirstRequestMax);
        Assert.DoesNotContain(all, IsCut);
        Assert.Null(Enter("10.1.0.1"));
    }

    [Fact]
    public async Task Files_beyond_their_own_take_the_places_of_connections()
    {
        var all = EnterAll("10.0.0.1", Max);
        var files = Enumerable.Range(0, Files).Select(_ => _gate.TryOpenFile()!).ToList();
        Assert.All(files, Assert.NotNull);
        Assert.Null(_gate.TryOpenFile());

        await all[0].DisposeAsync();
        files.Add(_gate.TryOpenFile()!);
        Assert.NotNull(files[^1]);
        Assert.Null(Enter("10.0.0.1"));

        files[0].Dispose();
        files[0].Dispose();
        Assert.NotNull(Enter("10.0.0.1"));
        Assert.Null(Enter("10.0.0.1"));
    }

    [Fact]
    public void A_stopping_server_cuts_off_what_is_still_being_answered_after_the_grace()
    {
        var answering = Enter("10.1.0.1")!;
        answering.Begin();
        var grace = TimeSpan.FromSeconds(5);
        _gate.Stop(grace);
        _time.Advance(grace - TimeSpan.FromSeconds(1));
        Assert.False(IsCut(answering));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(IsCut(answering));
    }

    [Fact]
    public void Refusals_are_logged_once_a_minute_with_the_settings_that_decide()
    {
        EnterAll("10.1.0.1", PerNetwork);
        for (var i = 0; i < 1000; i++)
            Enter("10.1.0.1");
        for (var i = 0; i < 59; i++)
            _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains(
            "1000 connections were refused because their network has 40 (MAX_CONNECTIONS_PER_NETWORK",
            Assert.Single(_log),
            StringComparison.Ordinal
        );
        Enter("10.1.0.1");
        _time.Advance(TimeSpan.FromSeconds(2));
        // The silent connections have been closed, but their places are not returned yet.
        Assert.Equal(2, _log.Count);
    }

    private GuardedConnection? Enter(string address) =>
        _gate.TryEnter(new Connection { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1) });

    private GuardedConnection[] EnterAll(string address, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Enter(address)!)];

    /// <summary>Without HTTP, a request to close closes it immediately.</summary>
    private static bool IsCut(GuardedConnection connection) => connection.ConnectionClosed.IsCancellationRequested;

    /// <summary>A connection that ends at the moment of its abort.</summary>
    private sealed class Connection : DefaultConnectionContext
    {
        private readonly CancellationTokenSource _cut = new();

        public Connection() => ConnectionClosed = _cut.Token;

        public override void Abort(ConnectionAbortedException abortReason) => _cut.Cancel();
    }

    private sealed class Lines : List<string>, ILogger
    {
        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Add(formatter(state, exception));
    }
}
