using Veza.Domain.Accounts;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;
using Veza.EventStore.Reading;
using Veza.Reactors.Running;

namespace Veza.Reactors.Accounts;

/// <summary>The extent of a sweep.</summary>
/// <param name="Projections">The names of the projections whose rows an erasure changes.</param>
/// <param name="OwnsServer">Whether the PostgreSQL server is Veza's private one.</param>
public sealed record SweepReach(IReadOnlyList<string> Projections, bool OwnsServer);

/// <summary>
/// Removes the dead rows of erased accounts from the database's files. One sweep serves all accounts erased before it
/// began.
/// </summary>
[Reactor("accounts.sweep_erasures.v1")]
public sealed class SweepErasures(
    ErasedRemains remains,
    SweepReach reach,
    Erasures erasures,
    EventLog log,
    ProjectionHost projections,
    ReactorTables tables,
    TimeProvider clock
)
{
    /// <summary>
    /// The least time between sweeps. A sweep rewrites tables and switches the WAL, and a caller who erases account
    /// after account must not keep it running.
    /// </summary>
    public static readonly TimeSpan BetweenMin = TimeSpan.FromMinutes(10);

    /// <summary>Events are handled one at a time: the first of those that wait sweeps for all.</summary>
    public async Task HandleAsync(
        Appended<AccountErased> appended,
        AppendedEvent<AccountErased> e,
        CancellationToken ct
    )
    {
        if (await erasures.StepsAsync(e.Data.AccountId, ct) is not null)
            return;
        var earliest = await erasures.NewestAsync(ct) + BetweenMin;
        var now = clock.GetUtcNow();
        // The database's clock and this one may differ. The wait is never longer than BetweenMin.
        if (earliest > now)
            throw new ReactorNotBeforeException(earliest.Value < now + BetweenMin ? earliest.Value : now + BetweenMin);
        var head = await log.Reader.HeadAsync(ct);
        await projections.WaitAsync(reach.Projections, head, ct);
        List<Guid> erased = [];
        var erasing = new LogQuery(e.Position - 1, head) { Types = log.Types.AliasesOf(typeof(AccountErased)) };
        await foreach (var other in log.Reader.ReadAllAsync(erasing, ct))
            erased.Add(((AccountErased)other.Data!).AccountId);
        await tables.RedactErrorsAsync(erased, ct);
        var steps = await remains.SweepAsync(reach.Projections, ReactorTables.All, reach.OwnsServer, ct);
        await erasures.RecordAsync(erased, steps, ct);
    }
}
