using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.Projections.Chat.Messages;
using Veza.Reactors.Running;

namespace Veza.Reactors.Chat.Members;

/// <summary>Deletes a banned account's recent messages in the community, if the ban orders it.</summary>
/// <remarks>
/// It finds the messages in the rows of channels, which name each author. Deleted messages leave those rows, so an
/// attempt continues about where the former one ended. A message that it meets again is deleted already and stays as
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
    /// Messages in memory at a time, of about 40 bytes. Every page scans all messages of the author in all channels, so
    /// pages are large.
    /// </summary>
    internal int PageMax { get; init; } = 10_000;

    /// <summary>
    /// Concurrent deletions of one ban: enough to share commits, and too few to delay other commands.
    /// </summary>
    internal int AtOnceMax { get; init; } = 8;

    /// <summary>More than one, so that a ban with thousands of messages does not delay the next one.</summary>
    private const int BansAtOnceMax = 4;

    public async Task HandleAsync(
        Appended<MemberMessagesDeletionOrdered> appended,
        AppendedEvent<MemberMessagesDeletionOrdered> e,
        CancellationToken ct
    )
    {
        var order = e.Data;
        var upTo = await EndAsync(e.Record, ct);
        // Waits without a limit: a time-out would park this event for a delay that it did not cause.
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
    /// The last position whose messages the ban concerns: that of its end, if it was taken back. Otherwise the head,
    /// since a concurrent message may have a higher position than the ban.
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
