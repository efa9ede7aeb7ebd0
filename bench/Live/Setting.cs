using System.Text.Json;
using Veza.Bench.Load;
using Veza.EventStore.Postgres;

namespace Veza.Bench.Live;

/// <summary>Veza with a community, channels and members created over HTTP, and the loop that loads it.</summary>
internal sealed class Setting : IAsyncDisposable
{
    private const int SetUpConnections = 32;
    private static readonly TimeSpan SetUpMax = TimeSpan.FromSeconds(60);

    private Setting(LocalPostgres postgres, Server server)
    {
        Postgres = postgres;
        Server = server;
    }

    private Guid[] _accounts = [];

    public LocalPostgres Postgres { get; }
    public Server Server { get; private set; }
    public SocketLoop Loop { get; } = new();
    public Guid[] Channels { get; private set; } = [];

    /// <summary>The members' access tokens.</summary>
    public string[] Tokens { get; private set; } = [];

    /// <summary>The account of the n-th token.</summary>
    public Guid Account(int member) => _accounts[member];

    /// <param name="nodes">The number of nodes over the same database.</param>
    public static async Task<Setting> CreateAsync(int channels, int members, int nodes = 1)
    {
        var postgres = await LocalPostgres.StartEphemeralAsync();
        var setting = new Setting(postgres, Server.StartVeza(postgres.ConnectionString, nodes: nodes));
        var owner = setting.Server.Token(Guid.CreateVersion7());
        var community = Id(
            setting.AskAll([HttpPeer.Request("POST", "/api/v1/communities", owner, """{"name":"Bench"}""")])[0]
        );
        setting.Channels =
        [
            .. setting
                .AskAll([
                    .. Enumerable
                        .Range(0, channels)
                        .Select(i =>
                            HttpPeer.Request(
                                "POST",
                                $"/api/v1/communities/{community}/channels",
                                owner,
                                $$"""{"name":"channel-{{i}}","kind":"text"}"""
                            )
                        ),
                ])
                .Select(Id),
        ];
        setting._accounts = [.. Enumerable.Range(0, members).Select(_ => Guid.CreateVersion7())];
        setting.Tokens = [.. setting._accounts.Select(setting.Server.Token)];
        setting.AskAll([
            .. setting.Tokens.Select(token =>
                HttpPeer.Request("PUT", $"/api/v1/communities/{community}/members/me", token)
            ),
        ]);
        return setting;
    }

    /// <summary>Starts another process on the same port and database, as after a crash or an upgrade.</summary>
    public void Restart() => Server = Server.StartVeza(Postgres.ConnectionString, Server.Port);

    /// <summary>Connects and subscribes all peers, a few hundred at a time, until all are live.</summary>
    /// <param name="topicOf">The topic of the n-th peer.</param>
    public LivePeer[] Subscribe(
        int count,
        Func<int, string> topicOf,
        Action<LivePeer, int> received,
        int receiveBufferBytes = 0,
        string path = "/hubs/live"
    )
    {
        const int AtOnce = 200;
        var peers = new LivePeer[count];
        for (var i = 0; i < count; i++)
        {
            peers[i] = new(
                Server.Port,
                path,
                Tokens[i % Tokens.Length],
                LivePeer.Subscribe(topicOf(i)),
                received,
                receiveBufferBytes
            );
            Loop.Add(peers[i]);
            var slowest = peers[Math.Max(0, i - AtOnce)];
            if (i >= AtOnce)
                Loop.TurnUntil(() => slowest.IsLive, SetUpMax, "subscribing");
        }
        Loop.TurnUntil(() => peers.All(p => p.IsLive), SetUpMax, "subscribing everyone");
        return peers;
    }

    /// <returns>The bodies, in the requests' order.</returns>
    public byte[][] AskAll(byte[][] requests)
    {
        var bodies = new byte[requests.Length][];
        var (next, answered) = (0, 0);
        using var loop = new SocketLoop();
        for (var i = 0; i < Math.Min(SetUpConnections, requests.Length); i++)
        {
            var peer = new HttpPeer(Server.Port, (peer, number, status, body) =>
            {
                if (status >= 300)
                    throw new InvalidOperationException(
                        $"setting up was answered {status}: {System.Text.Encoding.UTF8.GetString(body)}"
                    );
                bodies[number] = body.ToArray();
                answered++;
                if (next < requests.Length)
                    peer.Ask(requests[next], next++);
            });
            loop.Add(peer);
            peer.Ask(requests[next], next++);
        }
        loop.TurnUntil(() => answered == requests.Length, SetUpMax, "setting up");
        return bodies;
    }

    public async ValueTask DisposeAsync()
    {
        Loop.Dispose();
        Server.Dispose();
        await Postgres.DisposeAsync();
    }

    private static Guid Id(byte[] body)
    {
        // A chunked body begins with its length and ends with a terminator.
        var json = body.AsSpan(
            Array.IndexOf(body, (byte)'{'),
            Array.LastIndexOf(body, (byte)'}') - Array.IndexOf(body, (byte)'{') + 1
        );
        return JsonDocument.Parse(json.ToArray()).RootElement.GetProperty("id").GetGuid();
    }
}
