using Veza.Domain.Accounts;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;
using Veza.EventStore.Reading;
using Veza.Reactors.Running;

namespace Veza.Reactors.Accounts;

/// <summary>How far a sweep reaches.</summary>
/// <param name="Projections">Names of those whose rows an erasure changes.</param>
/// <param name="OwnsServer">The PostgreSQL is Veza's own.</param>
public sealed record SweepReach(IReadOnlyList<string> Projections, bool OwnsServer);

/// <summary>
/// Rids the database's files of what erased accounts left in them. One sweep serves all accounts erased until it began.
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
    /// A sweep rewrites tables and passes the WAL: accounts made to be erased must not have it go on for ever.
    /// </summary>
    public static readonly TimeSpan BetweenMin = TimeSpan.FromMinutes(10);

    /// <summary>One at a time: of those that wait, the first sweeps for all.</summary>
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
        // The database's clock and this one may differ; the wait is never longer than between two sweeps.
        if (earliest > now)
            throw new ReactorNotBeforeException(earliest.Value < now + BetweenMin ? earliest.Value : now + BetweenMin);
        var head = await log.Reader.HeadAsync(ct);
        await projections.WaitAsync(reach.Projections, head, ct);
        List<Guid> erased = [];
        var erasing = new LogQuery(e.Position - 1, head) { Types = log.Types.AliasesOf(typeof(AccountErased)) };
        await foreach (var other in log.Reader.ReadAllAsync(erasing, ct))
            erased.Add(((AccountErased)other.Data!).AccountId);
        await tables.ForgetErrorsAsync(erased, ct);
        var steps = await remains.SweepAsync(reach.Projections, ReactorTables.All, reach.OwnsServer, ct);
        await erasures.RecordAsync(erased, steps, ct);
    }
}
