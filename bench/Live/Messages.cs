using System.Diagnostics;
using Veza.Bench.Load;

namespace Veza.Bench.Live;

/// <summary>
/// Sends messages at a fixed rate, whatever becomes of them, and notes when each was due, answered and received.
/// </summary>
internal sealed class Messages
{
    private const string Text =
        "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price. Listening party at nine tonight.";

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

    /// <param name="postgres">The process whose time is told too; 0 for none.</param>
    public Messages(SocketLoop loop, Server server, int postgres, int connections)
    {
        _loop = loop;
        _server = server;
        _postgres = postgres;
        _senders = [.. Enumerable.Range(0, connections).Select(_ => new HttpPeer(server.Port, Answered))];
        foreach (var sender in _senders)
            loop.Add(sender);
    }

    /// <summary>Items received since the measuring began, by whoever.</summary>
    public long Received { get; private set; }

    /// <summary>For a <see cref="LivePeer"/>: the message of this number has come.</summary>
    public void Receive(LivePeer peer, int number)
    {
        if (number < _measuredFrom)
            return;
        var latency = (float)Stopwatch.GetElapsedTime(_due[number]).TotalMilliseconds;
        Received++;
        _receipts.Add(latency);
        (_counts[number], _last[number]) = (_counts[number] + 1, latency);
    }

    /// <summary>One round: a second to warm up, then the time that counts, then until all has come.</summary>
    /// <param name="expected">Receipts of one message.</param>
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
        var (cpu, own, database) = (0.0, 0.0, 0.0);
        for (var i = 0; i < total; i++)
        {
            if (i == warmUp)
                (cpu, own, database) = Cpu();
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
        var (cpuNow, ownNow, databaseNow) = Cpu();
        return new(
            Sorted(_answers),
            Sorted(_receipts),
            Sorted(_last.Skip(_measuredFrom)),
            want - Received,
            (cpuNow - cpu) * 1e6 / Math.Max(1, Received),
            (ownNow - own) * 1e6 / Math.Max(1, Received),
            (databaseNow - database) * 1e6 / Math.Max(1, Received)
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

/// <param name="Answers">
/// Milliseconds from when each command was due to its answer, in order of size, as all of these.
/// </param>
/// <param name="Receipts">To each subscriber's receipt.</param>
/// <param name="Last">To the last subscriber's.</param>
/// <param name="Missing">Receipts that did not come.</param>
/// <param name="ServerCpu">Microseconds of processor time for each item received.</param>
internal sealed record Round(
    float[] Answers,
    float[] Receipts,
    float[] Last,
    long Missing,
    double ServerCpu,
    double LoadCpu,
    double DatabaseCpu
);
