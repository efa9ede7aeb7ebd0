using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Coordination;

namespace Veza.EventStore.Projections;

/// <summary>
/// Asks other nodes how far their projections are, and answers them, over PostgreSQL's NOTIFY.
/// </summary>
/// <remarks>
/// A stored checkpoint may be a second late, because one that moved past events of no interest is not written at once.
/// Questions and answers only shorten waits: a node of an earlier release, or one that is cut off, does not answer, and
/// its checkpoints are read. One at a time calls <see cref="LookAsync"/>.
/// </remarks>
internal sealed class ReachedExchange : IDisposable
{
    /// <summary>A question is answered when the runners are there, or after this with as far as they are.</summary>
    private static readonly TimeSpan AnswerAfter = TimeSpan.FromMilliseconds(30);

    /// <summary>When no node answers.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(50);

    /// <summary>Each question wakes all nodes.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(10);

    /// <summary>Of PostgreSQL. The runners that an answer has no room for are known by their checkpoints.</summary>
    private const int PayloadBytesMax = 7_999;

    private readonly EventLog _log;
    private readonly NpgsqlDataSource _database;
    private readonly Func<IEnumerable<ProjectionRunner>> _serving;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Wakeup _asked = new();
    private readonly Wakeup _heard = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _reached = [];
    private IReadOnlyList<(string Projection, string Checkpoint, long Stored)> _stored = [];
    private string _epoch = "";
    private long _askedFor;
    private long _askedAt;

    /// <summary>What other nodes ask for; 0 when they do not.</summary>
    private long _question;

    /// <param name="serving">The runners of this node whose rows the views show.</param>
    public ReachedExchange(
        EventLog log,
        NpgsqlDataSource database,
        Func<IEnumerable<ProjectionRunner>> serving,
        TimeProvider clock,
        ILogger logger
    )
    {
        _log = log;
        _database = database;
        _serving = serving;
        _clock = clock;
        _logger = logger;
        log.Notifications.ReadersWait += Asked;
        log.Notifications.RunnersReached += Answered;
        log.Notifications.Interrupted += Forget;
    }

    /// <summary>Asks the other nodes for a position, or waits for their answers to what was asked before.</summary>
    /// <param name="again">The last answer was too low; other nodes may know more soon.</param>
    /// <returns>
    /// The position up to which each view is complete, by the projection without its version, as far as it is stored or
    /// was answered. The last shard counts.
    /// </returns>
    public async Task<Dictionary<string, long>> LookAsync(long position, bool again, CancellationToken ct)
    {
        // What was asked before is answered soon. A new question waits a little, as many readers come with one each.
        var heard = again && await _heard.WaitAsync(AskAgainAfter, ct);
        if (!heard || position > _askedFor)
        {
            var wait = AskEvery - _clock.GetElapsedTime(_askedAt);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, _clock, ct);
            (_askedFor, _askedAt) = (position, _clock.GetTimestamp());
            await AskAsync(position, ct);
        }
        return Known();
    }

    /// <summary>How far another node has said that its runner is; 0 when none has.</summary>
    /// <param name="checkpoint">A projection's or a shard's name.</param>
    public long Of(string checkpoint)
    {
        lock (_lock)
            return _epoch == _log.Epoch ? _reached.GetValueOrDefault(checkpoint) : 0;
    }

    /// <summary>Answers other nodes until it is cancelled.</summary>
    public async Task AnswerAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await _asked.WaitAsync(ct);
                await AnswerOnceAsync(TakeQuestion(), ct);
            }
            catch (Exception fault)
            {
                if (!ct.IsCancellationRequested)
                    _logger.LogDebug(fault, "Answering how far the projections are failed; the other nodes ask again");
            }
        }
    }

    public void Dispose()
    {
        _log.Notifications.ReadersWait -= Asked;
        _log.Notifications.RunnersReached -= Answered;
        _log.Notifications.Interrupted -= Forget;
    }

    /// <summary>Asks all nodes for a position, and reads what is stored by now.</summary>
    /// <remarks>
    /// It reads the serving version and not this release's: another release may have another version or number of
    /// shards.
    /// </remarks>
    private async Task AskAsync(long position, CancellationToken ct)
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Notify(LogNotifications.AwaitedChannel, $"{Text(position)} {_log.Coordinator.Node}"));
        batch.BatchCommands.Add(
            new(
                """
                select s.base, p.name, p.last_seq_id
                from log.projections s join log.mt_event_progression p on split_part(p.name, '#', 1) = s.serving
                """
            )
        );
        await using var rows = await batch.ExecuteReaderAsync(ct);
        await rows.NextResultAsync(ct);
        var stored = new List<(string, string, long)>();
        while (await rows.ReadAsync(ct))
            stored.Add((rows.GetString(0), rows.GetString(1), rows.GetInt64(2)));
        _stored = stored;
    }

    private Dictionary<string, long> Known()
    {
        var known = new Dictionary<string, long>();
        foreach (var (projection, checkpoint, stored) in _stored)
        {
            var shard = Math.Max(stored, Of(checkpoint));
            known[projection] = known.TryGetValue(projection, out var others) ? Math.Min(others, shard) : shard;
        }
        return known;
    }

    private long TakeQuestion()
    {
        lock (_lock)
        {
            var position = _question;
            _question = 0;
            return position;
        }
    }

    private async Task AnswerOnceAsync(long position, CancellationToken ct)
    {
        var serving = _serving().ToList();
        if (serving.Count == 0)
            return;
        using (var late = new CancellationTokenSource(AnswerAfter, _clock))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token))
            await Task.WhenAll(serving.Select(runner => runner.WaitAsync(position, either.Token)))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var answer = new StringBuilder(_log.Epoch);
        foreach (var runner in serving)
        {
            var line = $"\n{runner.Name} {Text(runner.Position)}";
            if (answer.Length + line.Length > PayloadBytesMax)
                break;
            answer.Append(line);
        }
        await using var connection = await _database.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Notify(LogNotifications.ReachedChannel, answer.ToString()));
        await batch.ExecuteNonQueryAsync(ct);
    }

    private void Asked(string question)
    {
        if (
            question.Split(' ') is not [var position, var asker]
            || asker == _log.Coordinator.Node.ToString()
            || !long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted)
        )
            return;
        // Of several questions, the furthest position: all of them wait for the nearest anyway.
        lock (_lock)
            _question = Math.Max(_question, wanted);
        _asked.Set();
    }

    private void Answered(string answer)
    {
        var lines = answer.Split('\n');
        lock (_lock)
        {
            if (_epoch != lines[0])
                _reached.Clear();
            _epoch = lines[0];
            foreach (var line in lines.Skip(1))
                if (
                    line.Split(' ') is [var name, var position]
                    && long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var reached)
                )
                    _reached[name] = Math.Max(_reached.GetValueOrDefault(name), reached);
        }
        _heard.Set();
    }

    // A database that crashed may have lost rows, and the runners go back.
    private void Forget()
    {
        lock (_lock)
            _reached.Clear();
    }

    private static NpgsqlBatchCommand Notify(string channel, string payload)
    {
        var notify = new NpgsqlBatchCommand("select pg_notify($1, $2)");
        notify.Parameters.Add(new NpgsqlParameter<string> { TypedValue = channel });
        notify.Parameters.Add(new NpgsqlParameter<string> { TypedValue = payload });
        return notify;
    }

    private static string Text(long position) => position.ToString(CultureInfo.InvariantCulture);
}
