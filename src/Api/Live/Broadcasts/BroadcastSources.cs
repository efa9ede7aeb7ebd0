using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.EventStore;
using Veza.EventStore.Events;
using Veza.Media.Live;
using Veza.Projections.Live.Broadcasts;

namespace Veza.Api.Live.Broadcasts;

/// <summary>
/// Connects the sound to the log: a source's actions become commands, and a broadcast that ends in the log ends its
/// mount.
/// </summary>
public sealed class BroadcastSources : IBroadcastSources, IHostedService
{
    private readonly Mounts _mounts;
    private readonly SourceKeys _keys;
    private readonly EventLog _log;
    private readonly CommandBus _bus;
    private readonly BroadcastQueries _broadcasts;
    private readonly TimeProvider _clock;
    private readonly ILogger<BroadcastSources> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _reaping = Task.CompletedTask;

    public BroadcastSources(
        Mounts mounts,
        SourceKeys keys,
        EventLog log,
        CommandBus bus,
        BroadcastQueries broadcasts,
        TimeProvider clock,
        ILogger<BroadcastSources> logger
    )
    {
        _mounts = mounts;
        _keys = keys;
        _log = log;
        _bus = bus;
        _broadcasts = broadcasts;
        _clock = clock;
        _logger = logger;
        var ended = log.Types.Describe(typeof(BroadcastEnded)).Name;
        // A broadcast's stream id is its own id. The tail waits for its watchers, so another thread ends the mount.
        log.Tail.Watch(e =>
        {
            if (e.Name == ended && mounts.Find(e.StreamId) is { } mount)
                ThreadPool.QueueUserWorkItem(_ => mount.End());
        });
    }

    public async ValueTask<SourceAnswer> Authenticate(SourceRequest request, CancellationToken cancellation)
    {
        // Icecast sends a user name by custom, and any is accepted; only the key is checked.
        if (!_keys.Matches(request.BroadcastId, request.Password))
            return new SourceRefused(StatusCodes.Status401Unauthorized, "wrong key for this broadcast");
        var broadcast = await _log.Aggregates.FindAsync<Broadcast>(request.BroadcastId, cancellation);
        if (broadcast is null)
            return new SourceRefused(StatusCodes.Status404NotFound, $"there is no broadcast {request.BroadcastId}");
        var owner = await _log.Aggregates.FindAsync<Account>(broadcast.OwnerId, cancellation);
        if (owner is { IsOut: true })
            return new SourceRefused(
                StatusCodes.Status403Forbidden,
                "the account of this broadcast is erased or suspended"
            );
        if (broadcast.Status == BroadcastStatus.Ended)
            return new SourceRefused(StatusCodes.Status409Conflict, BroadcastRefusals.Ended.Detail);
        return _mounts.Open(request.BroadcastId, request.Format) is { } mount
            ? new SourceAccepted(mount)
            : new SourceRefused(
                StatusCodes.Status503ServiceUnavailable,
                $"{_mounts.Limits.StreamsMax} broadcasts are running; MAX_STREAMS allows no more"
            );
    }

    public async ValueTask Connected(SourceRequest request, Mount mount, CancellationToken cancellation)
    {
        var refused = await SendAsync(new ConnectSource(request.BroadcastId, mount.Format.ContentType()));
        // The broadcast ended after the source authenticated, before there was a mount that its end could close.
        if (refused)
            mount.End();
        _ = AbandonWhenLostAsync(mount);
    }

    public async ValueTask Disconnected(SourceRequest request, Mount mount, SourceEnd end)
    {
        if (end.Reason != SourceEndReason.BroadcastEnded)
            await SendAsync(new InterruptBroadcast(request.BroadcastId, Reason(end.Reason)));
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var head = _log.Head;
        _reaping = Task.Run(() => AbandonLeftOversAsync(head), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _reaping;
    }

    private async Task AbandonWhenLostAsync(Mount mount)
    {
        if (await mount.Completion == MountEnd.SourceLost)
            await SendAsync(new AbandonBroadcast(mount.BroadcastId));
    }

    /// <summary>
    /// Ends broadcasts of an earlier run whose source has not come back within the usual grace period.
    /// </summary>
    /// <param name="head">The log's head when this process began. Later broadcasts belong to this run.</param>
    private async Task AbandonLeftOversAsync(long head)
    {
        try
        {
            await Task.Delay(_mounts.Limits.SourceGrace, _clock, _stopping.Token);
            for (var before = head + 1; ; )
            {
                var page = await _broadcasts.ListAsync(
                    live: true,
                    before,
                    Projections.ReadModels.PageMax,
                    _ => 0,
                    _stopping.Token
                );
                if (page.Count == 0)
                    return;
                foreach (var broadcast in page.Where(b => _mounts.Find(b.Id) is null))
                    await SendAsync(new AbandonBroadcast(broadcast.Id));
                before = page[^1].Position;
            }
        }
        catch (OperationCanceledException) { }
        catch (Npgsql.NpgsqlException fault)
        {
            _logger.LogWarning("Broadcasts of an earlier run could not be ended: {Reason}", fault.Message);
        }
    }

    /// <returns>Whether it was refused for good; false when the log was busy.</returns>
    private async Task<bool> SendAsync<TCommand>(TCommand command)
        where TCommand : notnull
    {
        var result = await _bus.SendAsync(
            command,
            new(Guid.CreateVersion7(), AccountId: null),
            answer: null,
            CancellationToken.None
        );
        if (result is not CommandResult.Refused refused)
            return false;
        _logger.LogWarning("{Command} was refused: {Code}", typeof(TCommand).Name, refused.Refusal.Code);
        return refused.Refusal.Kind != RefusalKind.Unavailable;
    }

    private static string Reason(SourceEndReason reason) => EventTypes.SnakeCase(reason.ToString());
}
