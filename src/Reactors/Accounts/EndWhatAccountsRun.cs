using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.EventStore.Projections;
using Veza.Projections.Live.Broadcasts;
using Veza.Reactors.Running;

namespace Veza.Reactors.Accounts;

/// <summary>Ends the broadcasts of an account that was erased or suspended.</summary>
/// <remarks>
/// Sessions and keys end in the commit of the event itself. From then on, commands and the source's authentication
/// refuse the account, so it cannot begin another broadcast. A repeated page meets ended broadcasts, which stay as they
/// are. tests/Integration.Tests/Security/WhatAccountsRunTests.cs lists everything that an account runs, and its end.
/// </remarks>
[Reactor("accounts.end_what_they_run.v1", AtOnceMax = AccountsAtOnceMax)]
public sealed class EndWhatAccountsRun(
    BroadcastQueries broadcasts,
    ProjectionHost projections,
    EventLog log,
    CommandBus commands
)
{
    /// <summary>
    /// Broadcasts in memory at a time. An account has at most <see cref="Broadcast.OpenMax"/>, except for broadcasts
    /// older than that limit.
    /// </summary>
    private const int PageMax = 100;

    private const int AccountsAtOnceMax = 4;

    public Task HandleAsync(Appended<AccountErased> appended, AppendedEvent<AccountErased> e, CancellationToken ct) =>
        EndAsync(e, e.Data.AccountId, BroadcastEnd.AccountErased, ct);

    public Task HandleAsync(
        Appended<AccountSuspended> appended,
        AppendedEvent<AccountSuspended> e,
        CancellationToken ct
    ) => EndAsync(e, e.Data.AccountId, BroadcastEnd.AccountSuspended, ct);

    private async Task EndAsync<TEvent>(AppendedEvent<TEvent> e, Guid account, string reason, CancellationToken ct)
        where TEvent : class
    {
        await projections.WaitAsync([BroadcastsProjection.ProjectionName], await log.Reader.HeadAsync(ct), ct);
        for (var after = 0L; ; )
        {
            var page = await broadcasts.OpenAsync(account, after, PageMax, ct);
            foreach (var open in page)
                await commands.FollowUpAsync(e.CommandId(open.BroadcastId), new EndBroadcast(open.BroadcastId, reason));
            if (page.Count < PageMax)
                return;
            after = page[^1].Position;
        }
    }
}
