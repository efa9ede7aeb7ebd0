using Npgsql;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Accounts;

/// <summary>What became of the accounts of a list.</summary>
/// <param name="Again">Erased now.</param>
/// <param name="Already">Erased in this log before.</param>
/// <param name="Unknown">Registered after the moment that the log was restored to, or never.</param>
public sealed record ErasureCounts(int Again, int Already, int Unknown)
{
    public int All => Again + Already + Unknown;
}

/// <summary>
/// Erases accounts again after a restore to a moment before their erasure. It may be ended and begun again, while nodes
/// run or not: it looks at each account first.
/// </summary>
public sealed class RepeatedErasures(EventLog log, CommandBus commands)
{
    /// <summary>Enough to fill the log's batches; a restored service has other work too.</summary>
    public const int AtOnceMax = 16;

    private int _again;
    private int _already;
    private int _unknown;

    /// <param name="progress">Called after each account, from any thread.</param>
    /// <exception cref="CommandRefusedException">The log did not take an erasure.</exception>
    public async Task<ErasureCounts> EraseAsync(
        IEnumerable<Guid> accounts,
        Action<ErasureCounts> progress,
        CancellationToken ct
    )
    {
        await Parallel.ForEachAsync(
            accounts,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnceMax, CancellationToken = ct },
            async (account, stop) =>
            {
                await EraseAsync(account, stop);
                progress(Counts);
            }
        );
        return Counts;
    }

    private ErasureCounts Counts =>
        new(Volatile.Read(ref _again), Volatile.Read(ref _already), Volatile.Read(ref _unknown));

    private async Task EraseAsync(Guid account, CancellationToken ct)
    {
        switch ((await log.Aggregates.LoadAsync(typeof(Account), account, ct)).State)
        {
            case null:
                Interlocked.Increment(ref _unknown);
                break;
            case Account { Erased: true }:
                Interlocked.Increment(ref _already);
                break;
            default:
                await commands.FollowUpAsync(
                    Guid.CreateVersion7(),
                    new EraseAccountAgain(account, await NamesAsync(account, ct))
                );
                Interlocked.Increment(ref _again);
                break;
        }
    }

    private async Task<IReadOnlyList<AccountName>> NamesAsync(Guid account, CancellationToken ct)
    {
        await using var command = log.Database.CreateCommand("select scope, name from log.names where owner = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = account });
        await using var rows = await command.ExecuteReaderAsync(ct);
        List<AccountName> names = [];
        while (await rows.ReadAsync(ct))
            names.Add(new(rows.GetString(0), rows.GetString(1)));
        return names;
    }
}
