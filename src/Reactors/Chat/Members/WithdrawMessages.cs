using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.Projections.Chat.Messages;
using Veza.Reactors.Running;

namespace Veza.Reactors.Chat.Members;

/// <summary>Deletes what somebody banned sent in the community lately, where the ban says so.</summary>
/// <remarks>
/// Messages are found by the rows of channels, which know each author's; deleted ones are gone from there, so that an
/// attempt goes on about where the one before ended. What it meets again nevertheless is deleted already and stays as
/// it is.
/// </remarks>
[Reactor("chat.withdraw_messages.v1", AtOnceMax = BansAtOnceMax)]
public sealed class WithdrawMessages(
    MessageQueries messages,
    ProjectionHost projections,
    EventLog log,
    CommandBus commands
)
{
    /// <summary>
    /// Messages known at a time, some 40 bytes each. A page costs a look at all that its author has in any channel, so
    /// it is not a small one.
    /// </summary>
    internal int PageMax { get; init; } = 10_000;

    /// <summary>
    /// Deletions of one ban under way at once: enough for them to share commits, too few for others' commands to wait
    /// behind them.
    /// </summary>
    internal int AtOnceMax { get; init; } = 8;

    /// <summary>So that a ban of somebody with thousands of messages does not hold up the next one.</summary>
    private const int BansAtOnceMax = 4;

    public async Task HandleAsync(
        Appended<MemberMessagesDeletionOrdered> appended,
        AppendedEvent<MemberMessagesDeletionOrdered> e,
        CancellationToken ct
    )
    {
        var order = e.Data;
        var upTo = await EndAsync(e.Record, ct);
        // For as long as it takes: a read model that is held up is no fault of this event, which would be parked for
        // it.
        await projections.WaitAsync(MessageQueries.SentReads, upTo, ct);
        for (var after = 0L; ; )
        {
            var page = await messages.SentAsync(
                order.CommunityId,
                order.MemberId,
                order.Since,
                after,
                upTo,
                PageMax,
                ct
            );
            var atOnce = new ParallelOptions { MaxDegreeOfParallelism = AtOnceMax, CancellationToken = ct };
            await Parallel.ForEachAsync(page, atOnce, async (sent, _) =>
                await commands.FollowUpAsync(
                    e.CommandId(sent.MessageId),
                    new WithdrawMessage(sent.MessageId, order.ByMemberId)
                )
            );
            if (page.Count < PageMax)
                return;
            after = page[^1].Position;
        }
    }

    /// <returns>
    /// The last position whose messages the ban concerns: that of its end, when it was taken back; otherwise the head,
    /// as a message decided on beside the ban may stand behind it.
    /// </returns>
    private async Task<long> EndAsync(RecordedEvent e, CancellationToken ct)
    {
        var head = await log.Reader.HeadAsync(ct);
        var unbanned = await log.Reader.ReadAsync(
            new(e.Position, head)
            {
                Stream = e.StreamId,
                AfterVersion = e.Version,
                Types = log.Types.AliasesOf(typeof(MemberUnbanned)),
            },
            1,
            ct
        );
        return unbanned is [var end] ? end.Position : head;
    }
}
