using Veza.EventStore.Appending;

namespace Veza.Faults.Tests.Controls;

/// <summary>
/// Treats a lost answer as a lost command and writes it again as a new one, at the current version of the stream.
/// </summary>
/// <param name="append">A store that keeps its promises.</param>
/// <param name="isLost">True for the number of an answer that is lost on its way.</param>
internal sealed class RetriesBlindly(Func<AppendRequest, Task<AppendOutcome>> append, Func<int, bool> isLost)
{
    private int _answers;

    public async Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        var outcome = await append(request);
        if (!isLost(Interlocked.Increment(ref _answers)))
            return outcome;
        var again = request with { CommandId = Guid.CreateVersion7() };
        while (await append(again) is { } retried)
        {
            if (retried is not AppendOutcome.VersionConflict conflict)
                return retried;
            again = again with
            {
                Changes =
                [
                    .. again.Changes.Select(c =>
                        c.StreamId == conflict.StreamId ? c with { ExpectedVersion = conflict.Actual } : c
                    ),
                ],
            };
        }
        return outcome;
    }
}
