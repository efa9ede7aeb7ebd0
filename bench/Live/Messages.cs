using System.Diagnostics;
using Veza.Bench.Load;

namespace Veza.Bench.Live;

/// <summary>
/// Sends messages at a fixed rate (open loop), and notes when each was due, answered and received.
/// </summary>
internal sealed class Messages
{
    private const string Text =
        "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price. "
        + "Listening party at nine tonight.";

    private readonly SocketLoop _loop;
    private readonly Server _server;
    private readonly int _postgres;
    private readonly HttpPeer[] _senders;
    private readonly List<long> _due = [];
    private int _measuredFrom;
    private long _measuredSince;
    private int _answered;
    private readonly List<float> _answers = [],
        _receipts = [];
    private readonly List<int> _counts = [];
    private readonly List<float> _last = [];

    /// <param name="postgres">The id of the PostgreSQL process that is measured too; 0 for none.</param>
    public Messages(SocketLoop loop, Server server, int postgres, int connections)
    {
        _loop = loop;
        _server = server;
        _postgres = postgres;
        _senders = [.. Enumerable.Range(0, connections).Select(_ => new HttpPeer(server.Port, Answered))];
        foreach (var sender in _senders)
            loop.Add(sender);
    }

    /// <summary>Items that all subscribers received since the measurement began.</summary>
    public long Received { get; private set; }

    /// <summary>Called by a <see cref="LivePeer"/> that received the message of this number.</summary>
    public void Receive(LivePeer peer, int number)
    {
        if (number < _measuredFrom)
            return;
        var latency = (float)Stopwatch.GetElapsedTime(_due[number]).TotalMilliseconds;
        Received++;
        _receipts.Add(latency);
        (_counts[number], _last[number]) = (_counts[number] + 1, latency);
    }

    /// <summary>Runs a round: a second of warm-up, the measured time, then the wait until all is received.</summary>
    /// <param name="expected">The receipts of one message.</param>
    /// <param name="request">The request that sends a text, by the message's number.</param>
    public Round Send(int perSecond, TimeSpan time, int expected, Func<int, string, byte[]> request)
    {
        var warmUp = Math.Max(1, perSecond);
        var total = warmUp + (int)(perSecond * time.TotalSeconds);
        var first = _due.Count;
        _measuredFrom = first + warmUp;
        _answered = 0;
        Received = 0;
        _measuredSince = long.MaxValue;
        _answers.Clear();
        _receipts.Clear();
        var started = Stopwatch.GetTimestamp();
        var before = Cpu();
        for (var i = 0; i < total; i++)
        {
            if (i == warmUp)
                before = Cpu();
            var due = started + (long)(i * (double)Stopwatch.Frequency / perSecond);
            if (i == warmUp)
                _measuredSince = due;
            do _loop.Turn(due);
            while (Stopwatch.GetTimestamp() < due);
            _due.Add(due);
            _counts.Add(0);
            _last.Add(0);
            _senders[i % _senders.Length].Ask(request(first + i, $"@bench:{first + i} {Text}"), due);
        }
        var want = (long)(total - warmUp) * expected;
        try
        {
            _loop.TurnUntil(
                () => Received >= want && _answered >= total,
                TimeSpan.FromSeconds(20),
                "receiving everything"
            );
        }
        catch (TimeoutException) { }
        var after = Cpu();
        return new(
            Sorted(_answers),
            Sorted(_receipts),
            Sorted(_last.Skip(_measuredFrom)),
            want - Received,
            (after.Server - before.Server) * 1e6 / Math.Max(1, Received),
            (after.Own - before.Own) * 1e6 / Math.Max(1, Received),
            (after.Database - before.Database) * 1e6 / Math.Max(1, Received)
        );
    }

    private (double Server, double Own, double Database) Cpu() =>
        (
            Usage.CpuSeconds(_server.ProcessId),
            Usage.CpuSeconds(Environment.ProcessId),
            _postgres == 0 ? 0 : Usage.CpuSecondsOfTree(_postgres)
        );

    private void Answered(HttpPeer peer, long due, int status, ReadOnlySpan<byte> body)
    {
        if (status is not (200 or 201))
            throw new InvalidOperationException(
                $"a message was answered {status}: {System.Text.Encoding.UTF8.GetString(body)}"
            );
        _answered++;
        if (due >= _measuredSince)
            _answers.Add((float)Stopwatch.GetElapsedTime(due).TotalMilliseconds);
    }

    private static float[] Sorted(IEnumerable<float> values) => [.. values.Order()];
}

/// <summary>The figures of a round. All latencies are in milliseconds from the command's due time, sorted.</summary>
/// <param name="Answers">Latencies of the answers.</param>
/// <param name="Receipts">Latencies of each subscriber's receipt.</param>
/// <param name="Last">Latencies of the last subscriber's receipt.</param>
/// <param name="Missing">The number of missing receipts.</param>
/// <param name="ServerCpu">Microseconds of processor time for each received item.</param>
internal sealed record Round(
    float[] Answers,
    float[] Receipts,
    float[] Last,
    long Missing,
    double ServerCpu,
    double LoadCpu,
    double DatabaseCpu
);
