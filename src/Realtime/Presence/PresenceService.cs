using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore.Database;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Topics;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Presence;

/// <summary>
/// Sends presence and typing to the other nodes by <c>NOTIFY</c>, and to this node's watchers. None of it is in the
/// log.
/// </summary>
/// <remarks>
/// Any thread may call it. Two loops send and listen; a fault of the database is logged, and after
/// <see cref="RetryAfter"/> all presence is sent again. Messages may be lost or dropped; the next ones correct them.
/// </remarks>
public sealed class PresenceService : IHostedService, IAsyncDisposable
{
    private const string Channel = "veza_presence";

    /// <summary>
    /// Entries in one notification, which PostgreSQL limits to 8,000 bytes; the longer kind of entry has fewer than
    /// 110.
    /// </summary>
    private const int EntriesPerNoteMax = 70;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly LiveEngine _engine;
    private readonly ChatQueries _chat;
    private readonly MemberPermissions _permissions;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Guid _self;
    private readonly Lock _gate = new();
    private readonly HashSet<PresenceWatch> _watches = [];
    private readonly CancellationTokenSource _stopping = new();
    private HashSet<(Guid Channel, Guid Account)> _typedHere = [];
    private HashSet<(Guid Channel, Guid Account)> _typed = [];
    private int _mustSendAll = 1;
    private long _sentAt;
    private Task[] _loops = [];

    private sealed record Entry(Guid A, PresenceStatus S, int D);

    private sealed record Typed(Guid C, Guid A);

    /// <param name="Whole">Whether it begins a full list of the node's accounts.</param>
    private sealed record Note(Guid Node, string Kind, bool Whole, IReadOnlyList<Entry> P, IReadOnlyList<Typed> T);

    public PresenceService(
        LiveEngine engine,
        ChatQueries chat,
        MemberPermissions permissions,
        PresenceLimits limits,
        TimeProvider clock,
        ILogger<PresenceService> logger
    )
    {
        _engine = engine;
        _chat = chat;
        _permissions = permissions;
        Limits = limits;
        _clock = clock;
        _logger = logger;
        _self = Guid.CreateVersion7(clock.GetUtcNow());
        Board = new(_self, limits, clock);
    }

    public PresenceLimits Limits { get; }
    public PresenceBoard Board { get; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loops = [Task.Run(ListenAsync, CancellationToken.None), Task.Run(SendLoopAsync, CancellationToken.None)];
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        foreach (var loop in _loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await SendAsync([new(_self, "bye", false, [], [])], cancellationToken);
        }
        catch (Exception fault) when (fault is NpgsqlException or OperationCanceledException)
        { /* The other nodes notice the silence. */
        }
    }

    // The container registers it twice and may dispose it twice.
    public async ValueTask DisposeAsync() => await _stopping.CancelAsync();

    /// <summary>
    /// Sends that the caller types. It is dropped when the node has too many typing messages, or while its live topics
    /// are behind.
    /// </summary>
    public async Task<LiveRefusal?> TypeAsync(LiveCaller by, Guid channelId, CancellationToken ct)
    {
        if (await _permissions.ChannelAsync(channelId, ct) is not { } channel)
            return LiveRefusal.ChannelUnknown(channelId);
        if (!await MayAsync(by, channel, Permission.SendMessages, ct))
            return LiveRefusal.MissingIn(channelId, Permission.SendMessages);
        lock (_gate)
        {
            if (IsBehind || _typedHere.Count >= Limits.TypingPerSendMax)
                LiveMetrics.PresenceDropped.Add(1);
            else
                _typedHere.Add((channelId, by.AccountId));
        }
        return null;
    }

    public async Task<(PresenceWatch? Watch, LiveRefusal? Refusal)> WatchAsync(
        LiveCaller caller,
        IReadOnlyList<string> names,
        CancellationToken ct
    )
    {
        if (names.Count == 0)
            return (null, LiveRefusal.TopicsMissing);
        if (names.Count > Limits.TopicsPerWatchMax)
            return (null, LiveRefusal.TooManyTopics(names.Count, Limits.TopicsPerWatchMax));
        var topics = new Dictionary<Topic, Guid>();
        foreach (var name in names)
        {
            if (!Topic.TryParse(name, out var topic) || topic.Kind is not (TopicKind.Channel or TopicKind.Community))
                return (null, LiveRefusal.TopicInvalid(name));
            if (TopicScopes.Of(topic.Kind) is not { } scopes)
                return (null, LiveRefusal.TopicInvalid(name));
            var missing = caller.Missing(scopes);
            if (missing is not null)
                return (null, LiveRefusal.ScopeMissing($"the topic {topic}", missing));
            var (community, refusal) = await CommunityOfAsync(caller, topic, ct);
            if (refusal is not null)
                return (null, refusal);
            topics[topic] = community;
        }
        var watch = new PresenceWatch(caller, topics, Limits, _clock);
        lock (_gate)
            _watches.Add(watch);
        return (watch, null);
    }

    public void End(PresenceWatch watch)
    {
        lock (_gate)
            _watches.Remove(watch);
    }

    private bool IsBehind => _engine.Log.Head - _engine.Position > Limits.BehindEventsMax;

    /// <returns>The community of a topic that the caller may watch, or why the caller may not.</returns>
    private async Task<(Guid Community, LiveRefusal? Refusal)> CommunityOfAsync(
        LiveCaller caller,
        Topic topic,
        CancellationToken ct
    )
    {
        if (topic.Kind == TopicKind.Community)
            return await _permissions.IsMemberAsync(caller.AccountId, topic.Id, ct)
                ? (topic.Id, null)
                : (topic.Id, LiveRefusal.NotMemberOf(topic.Id));
        if (await _permissions.ChannelAsync(topic.Id, ct) is not { } channel)
            return (default, LiveRefusal.ChannelUnknown(topic.Id));
        return await MayAsync(caller, channel, Permission.ViewChannel, ct)
            ? (channel.CommunityId, null)
            : (channel.CommunityId, LiveRefusal.MissingIn(topic.Id, Permission.ViewChannel));
    }

    private async Task<bool> MayAsync(LiveCaller by, Channel channel, Permission needed, CancellationToken ct) =>
        (await _permissions.OfAsync(by.AccountId, channel.CommunityId, channel, _clock.GetUtcNow(), ct)).HasFlag(
            needed
        );

    private async Task SendLoopAsync()
    {
        using var timer = new PeriodicTimer(Limits.SendEvery, _clock);
        while (await timer.WaitForNextTickAsync(_stopping.Token))
            try
            {
                Board.RemoveNodes(null);
                HashSet<(Guid, Guid)> here;
                HashSet<(Guid, Guid)> all;
                lock (_gate)
                {
                    here = _typedHere;
                    all = [.. _typed, .. _typedHere];
                    _typedHere = [];
                    _typed = [];
                }
                await SendToWatchersAsync(Board.TakeChanged(), all);
                await SendToNodesAsync(here);
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                Interlocked.Exchange(ref _mustSendAll, 1);
                _logger.LogWarning("Sending presence failed and is tried again: {Reason}", fault.Message);
                await Task.Delay(RetryAfter, _clock);
            }
    }

    private async Task SendToNodesAsync(HashSet<(Guid Channel, Guid Account)> typed)
    {
        var whole = Interlocked.Exchange(ref _mustSendAll, 0) == 1;
        var entries = Board
            .TakeUnsent(whole)
            .ConvertAll(e => new Entry(e.Account, e.Presence.Status, e.Presence.Devices));
        var notes = entries
            .Chunk(EntriesPerNoteMax)
            .Select((some, i) => new Note(_self, "state", whole && i == 0, some, []))
            .ToList();
        if (whole && notes.Count == 0)
            notes.Add(new(_self, "state", true, [], []));
        notes.AddRange(
            typed
                .Select(t => new Typed(t.Channel, t.Account))
                .Chunk(EntriesPerNoteMax)
                .Select(some => new Note(_self, "state", false, [], some))
        );
        if (notes.Count == 0 && _clock.GetElapsedTime(_sentAt) > Limits.AliveEvery)
            notes.Add(new(_self, "state", false, [], []));
        if (notes.Count == 0)
            return;
        await SendAsync(notes, _stopping.Token);
        _sentAt = _clock.GetTimestamp();
    }

    // A transaction that only notifies writes no WAL and waits for no flush.
    private async Task SendAsync(IReadOnlyList<Note> notes, CancellationToken ct)
    {
        await using var notify = _engine.Log.Database.CreateCommand(
            $"select pg_notify('{Channel}', note) from unnest($1::text[]) note"
        );
        notify.Parameters.Add(
            new NpgsqlParameter<string[]> { TypedValue = [.. notes.Select(n => JsonSerializer.Serialize(n))] }
        );
        await notify.ExecuteNonQueryAsync(ct);
    }

    private async Task ListenAsync()
    {
        while (!_stopping.IsCancellationRequested)
            try
            {
                await using var connection = await _engine.Log.Database.OpenConnectionAsync(_stopping.Token);
                connection.Notification += (_, notification) => Receive(notification.Payload);
                await using (var listen = new NpgsqlCommand($"listen {Channel}", connection))
                    await listen.ExecuteNonQueryAsync(_stopping.Token);
                // Messages sent while this node did not listen are lost: every node sends its presence again.
                Interlocked.Exchange(ref _mustSendAll, 1);
                await SendAsync([new(_self, "hello", false, [], [])], _stopping.Token);
                await connection.HearNotificationsAsync(_stopping.Token);
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                _logger.LogWarning(
                    "Listening for the presence of other nodes failed and is tried again: {Reason}",
                    fault.Message
                );
                await Task.Delay(RetryAfter, _clock);
            }
    }

    private void Receive(string payload)
    {
        Note? note;
        try
        {
            note = JsonSerializer.Deserialize<Note>(payload);
        }
        catch (JsonException)
        {
            return;
        }
        if (note is null || note.Node == _self)
            return;
        if (note.Kind == "bye")
            Board.RemoveNodes(note.Node);
        else
            Board.Receive(note.Node, [.. note.P.Select(e => (e.A, new NodePresence(e.S, e.D)))], note.Whole);
        if (note.Kind == "hello")
            Interlocked.Exchange(ref _mustSendAll, 1);
        lock (_gate)
            foreach (var t in note.T)
                if (_typed.Count < Limits.TypingPerSendMax)
                    _typed.Add((t.C, t.A));
                else
                    LiveMetrics.PresenceDropped.Add(1);
    }

    private async Task SendToWatchersAsync(HashSet<Guid> changed, HashSet<(Guid Channel, Guid Account)> typed)
    {
        PresenceWatch[] watches;
        lock (_gate)
            watches = [.. _watches];
        if (watches.Length == 0 || changed.Count == 0 && typed.Count == 0)
            return;
        var byTopic = watches
            .SelectMany(w => w.Topics.Select(t => (Topic: t, Watch: w)))
            .ToLookup(w => w.Topic, w => w.Watch);
        Guid[] communities =
        [
            .. byTopic.Select(t => t.Key).Where(t => t.Kind == TopicKind.Community).Select(t => t.Id),
        ];
        if (changed.Count > 0 && communities.Length > 0)
            foreach (
                var (community, account) in await _chat.MembersAmongAsync([.. changed], communities, _stopping.Token)
            )
            foreach (var watch in byTopic[Topic.Community(community)])
                if (await MayAsync(watch, Topic.Community(community)))
                    watch.Put(account, Board.Of(account).Status.Shown());
        foreach (var (channel, account) in typed)
        foreach (var watch in byTopic[Topic.Channel(channel)])
            if (watch.Caller.AccountId != account && await MayAsync(watch, Topic.Channel(channel)))
                watch.Put(channel, account, _clock.GetUtcNow() + Limits.TypingExpiresAfter);
    }

    /// <summary>
    /// Checks access again for each message, so that an account that left or signed out gets no further one. The
    /// aggregates are in memory and as fresh as the tail.
    /// </summary>
    private async Task<bool> MayAsync(PresenceWatch watch, Topic topic)
    {
        if (watch.CommunityOf(topic) is not { } community)
            return false;
        var ended = watch.Caller.SessionId is { } id && await SessionAsync(id) is { Ended: true };
        if (!ended && (await CommunityOfAsync(watch.Caller, topic, _stopping.Token)).Refusal is null)
            return true;
        if (ended)
            watch.Close(null);
        else if (await _permissions.IsMemberAsync(watch.Caller.AccountId, community, _stopping.Token))
            watch.Close(topic);
        else
            watch.Close(community);
        return false;
    }

    private ValueTask<Session?> SessionAsync(Guid id) => _engine.Log.Aggregates.FindAsync<Session>(id, _stopping.Token);
}
