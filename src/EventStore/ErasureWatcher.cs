using Veza.EventStore.Events;
using Veza.EventStore.Personal;
using Veza.EventStore.Reading;

namespace Veza.EventStore;

/// <summary>
/// Removes from this node's memory what an erased account wrote: its key, aggregates that hold its texts, and decrypted
/// events in the tail.
/// </summary>
/// <remarks>
/// The key is gone before any reader sees the erasure, so nothing is decrypted after it. <see cref="Watch"/> runs under
/// the tail's lock; the rest runs in the background.
/// </remarks>
/// <param name="forgetAggregates">Removes an account's aggregates from the cache.</param>
internal sealed class ErasureWatcher(
    Tail tail,
    PersonalDataCipher cipher,
    SubjectKeyStore keys,
    Action<Guid> forgetAggregates,
    TimeProvider clock
)
{
    /// <summary>A reader that had begun to decrypt an event may store its data this long after the erasure.</summary>
    private static readonly TimeSpan SecondPassAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>Called with every event before readers can see it.</summary>
    public void Watch(RecordedEvent e)
    {
        if (cipher.ErasedBy(e) is { } account)
            Erase(account);
        // Written beside the erasure by a node that had not seen it.
        else if (keys.AnyGone && cipher.HoldsErased(e))
            e.Forget();
    }

    // A method apart: its closure would otherwise be allocated for every event.
    private void Erase(Guid account)
    {
        keys.Forget(account);
        _ = Task.Run(() => RemoveAsync(account));
    }

    private async Task RemoveAsync(Guid account)
    {
        Remove(account);
        await Task.Delay(SecondPassAfter, clock);
        Remove(account);
    }

    private void Remove(Guid account)
    {
        forgetAggregates(account);
        tail.Forget(e => cipher.HoldsOf(e, account));
    }
}
