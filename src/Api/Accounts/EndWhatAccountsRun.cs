using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.EventStore.Reactions;
using Veza.Projections.Live.Broadcasts;

namespace Veza.Api.Accounts;

/// <summary>Ends the broadcasts of an account that was erased or suspended.</summary>
/// <remarks>
/// Sessions and keys end in the commit of the event itself. Decisions and the source's authentication refuse the account
/// from then on, so that nothing is begun beside this. A page that is done again meets ended broadcasts, which stay as they are.
/// What else an account runs, and what ends it, is listed in tests/Integration/Security/WhatAccountsRunTests.cs.
/// </remarks>
public sealed class EndWhatAccountsRun(
    BroadcastQueries broadcasts,
    ProjectionHost projections,
    EventLog log,
    CommandBus commands) : IReaction
{
    /// <summary>Broadcasts known at a time. Accounts have <see cref="Broadcast.OpenMax"/>, but for those created before that limit.</summary>
    private const int PageMax = 100;

    public string Name => "accounts.end_what_they_run.v1";
    public IReadOnlySet<Type> Events { get; } = new HashSet<Type> { typeof(AccountErased), typeof(AccountSuspended) };

    public int ConcurrencyMax => 4;

    public async Task ReactAsync(RecordedEvent e, CancellationToken ct)
    {
        var (account, reason) = e.Data switch
        {
            AccountErased erased => (erased.AccountId, BroadcastEnd.AccountErased),
            AccountSuspended suspended => (suspended.AccountId, BroadcastEnd.AccountSuspended),
            var other => throw new InvalidOperationException($"{other} ends no account"),
        };
        await projections.WaitAsync(["live.broadcasts.v1"], await log.Reader.HeadAsync(ct), ct);
        for (var after = 0L; ;)
        {
            var page = await broadcasts.OpenAsync(account, after, PageMax, ct);
            foreach (var open in page)
                await commands.FollowUpAsync(FollowUp.CommandId(Name, e, open.BroadcastId), new EndBroadcast(open.BroadcastId, reason));
            if (page.Count < PageMax) return;
            after = page[^1].Position;
        }
    }
}
