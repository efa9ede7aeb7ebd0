using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.EventStore.Database;
using Veza.Projections.Chat;

namespace Veza.Realtime.Presence;

/// <summary>
/// Tells the other nodes who is here and who types, by <c>NOTIFY</c>, and this node's watchers what concerns them.
/// Nothing of it is in the log.
/// </summary>
public sealed class PresenceService : IHostedService, IAsyncDisposable
{
    private const string Channel = "veza_presence";

    /// <summary>
    /// Entries in one notification, which PostgreSQL limits to 8,000 bytes; the longer kind has less than 110.
    /// </summary>
    private const int EntriesPerNoteMax = 70;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly LiveEngine _engine;
    private readonly ChatQueries _chat;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Guid _self;
    private readonly Lock _gate = new();
    private readonly HashSet<PresenceWatch> _watches = [];
    private readonly CancellationTokenSource _stopping = new();
    private HashSet<(Guid Channel, Guid Account)> _typedHere = [];
    private HashSet<(Guid Channel, Guid Account)> _typed = [];
    private int _mustTellAll = 1;
    private long _toldAt;
    private Task[] _loops = [];

    private sealed record Entry(Guid A, PresenceStatus S, int D);

    private sealed record Typed(Guid C, Guid A);

    /// <param name="Whole">The first of several that tell all there is.</param>
    private sealed record Note(Guid Node, string Kind, bool Whole, IReadOnlyList<Entry> P, IReadOnlyList<Typed> T);

    public PresenceService(
        LiveEngine engine,
        ChatQueries chat,
        PresenceLimits limits,
        TimeProvider clock,
        ILogger<PresenceService> logger
    )
    {
        _engine = engine;
        _chat = chat;
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
        _loops = [Task.Run(ListenAsync, CancellationToken.None), Task.Run(TellAsync, CancellationToken.None)];
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
        { /* They notice by themselves. */
        }
    }

    // The container knows it under two names and may come twice.
    public async ValueTask DisposeAsync() => await _stopping.CancelAsync();

    /// <summary>
    /// Passes on that somebody types; more than a node may tell at once is dropped, and so is all of it while the live
    /// topics are behind.
    /// </summary>
    public async Task<LiveRefusal?> TypeAsync(LiveCaller by, Guid channelId, CancellationToken ct)
    {
        if (await LoadAsync<Channel>(channelId, ct) is not { } channel)
            return LiveRefusal.ChannelUnknown(channelId);
        if (!(await PermissionsAsync(by, channel.CommunityId, channel, ct)).HasFlag(Permission.SendMessages))
            return LiveRefusal.NotMember(channelId);
        lock (_gate)
        {
            if (IsBehind || _typedHere.Count >= Limits.TypingPerTellMax)
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
            var channel = topic.Kind == TopicKind.Channel ? await LoadAsync<Channel>(topic.Id, ct) : null;
            if (topic.Kind == TopicKind.Channel && channel is null)
                return (null, LiveRefusal.ChannelUnknown(topic.Id));
            var community = channel?.CommunityId ?? topic.Id;
            if (!(await PermissionsAsync(caller, community, channel, ct)).HasFlag(Permission.ViewChannel))
                return (null, channel is null ? LiveRefusal.NotMemberOf(community) : LiveRefusal.NotMember(topic.Id));
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

    private async Task<T?> LoadAsync<T>(Guid stream, CancellationToken ct)
        where T : class => (await _engine.Log.Models.LoadAsync(typeof(T), stream, ct)).State as T;

    private async Task<Permission> PermissionsAsync(
        LiveCaller by,
        Guid communityId,
        Channel? channel,
        CancellationToken ct
    ) =>
        await LoadAsync<Community>(communityId, ct) is not { } community
            ? Permission.None
            : Permissions.Of(
                await LoadAsync<Member>(Member.StreamId(communityId, by.AccountId), ct),
                community,
                _clock.GetUtcNow(),
                channel
            );

    private async Task TellAsync()
    {
        using var timer = new PeriodicTimer(Limits.TellEvery, _clock);
        while (await timer.WaitForNextTickAsync(_stopping.Token))
            try
            {
                Board.Forget(null);
                HashSet<(Guid, Guid)> here,
                    all;
                lock (_gate)
                {
                    (here, all) = (_typedHere, [.. _typed, .. _typedHere]);
                    (_typedHere, _typed) = ([], []);
                }
                await TellWatchersAsync(Board.TakeChanged(), all);
                await TellNodesAsync(here);
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                Interlocked.Exchange(ref _mustTellAll, 1);
                _logger.LogWarning("Telling presence failed and is tried again: {Reason}", fault.Message);
                await Task.Delay(RetryAfter, _clock);
            }
    }

    private async Task TellNodesAsync(HashSet<(Guid Channel, Guid Account)> typed)
    {
        var whole = Interlocked.Exchange(ref _mustTellAll, 0) == 1;
        var entries = Board
            .TakeUntold(whole)
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
        if (notes.Count == 0 && _clock.GetElapsedTime(_toldAt) > Limits.AliveEvery)
            notes.Add(new(_self, "state", false, [], []));
        if (notes.Count == 0)
            return;
        await SendAsync(notes, _stopping.Token);
        _toldAt = _clock.GetTimestamp();
    }

    // A transaction that only notifies writes nothing and waits for no flush.
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
                connection.Notification += (_, told) => Hear(told.Payload);
                await using (var listen = new NpgsqlCommand($"listen {Channel}", connection))
                    await listen.ExecuteNonQueryAsync(_stopping.Token);
                // What was told while nobody listened here is lost: everybody says it again.
                Interlocked.Exchange(ref _mustTellAll, 1);
                await SendAsync([new(_self, "hello", false, [], [])], _stopping.Token);
                await connection.HearNotificationsAsync(_stopping.Token);
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                _logger.LogWarning(
                    "Listening for other nodes' presence broke off and is taken up again: {Reason}",
                    fault.Message
                );
                await Task.Delay(RetryAfter, _clock);
            }
    }

    private void Hear(string payload)
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
            Board.Forget(note.Node);
        else
            Board.Hear(note.Node, [.. note.P.Select(e => (e.A, new NodePresence(e.S, e.D)))], note.Whole);
        if (note.Kind == "hello")
            Interlocked.Exchange(ref _mustTellAll, 1);
        lock (_gate)
            foreach (var t in note.T)
                if (_typed.Count < Limits.TypingPerTellMax)
                    _typed.Add((t.C, t.A));
                else
                    LiveMetrics.PresenceDropped.Add(1);
    }

    private async Task TellWatchersAsync(HashSet<Guid> changed, HashSet<(Guid Channel, Guid Account)> typed)
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
                    watch.Tell(account, Board.Of(account).Status.Shown());
        foreach (var (channel, account) in typed)
        foreach (var watch in byTopic[Topic.Channel(channel)])
            if (watch.Caller.AccountId != account && await MayAsync(watch, Topic.Channel(channel)))
                watch.Tell(channel, account, _clock.GetUtcNow() + Limits.TypingExpiresAfter);
    }

    /// <summary>
    /// Asked again whenever something is told: who has left or signed out hears nothing from then on. The models are in
    /// memory and as fresh as the tail.
    /// </summary>
    private async Task<bool> MayAsync(PresenceWatch watch, Topic topic)
    {
        if (watch.CommunityOf(topic) is not { } community)
            return false;
        if (watch.Caller.SessionId is { } id && await LoadAsync<Session>(id, _stopping.Token) is { Ended: true })
        {
            watch.Close(null);
            return false;
        }
        if (
            await LoadAsync<Member>(Member.StreamId(community, watch.Caller.AccountId), _stopping.Token) is
            { Present: true }
        )
            return true;
        watch.Close(community);
        return false;
    }
}
