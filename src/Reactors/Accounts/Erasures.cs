using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Veza.Domain.Accounts;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;

namespace Veza.Reactors.Accounts;

/// <summary>The progress of an account's erasure.</summary>
/// <param name="State">
/// <c>pending</c> until the files are swept, then <c>done</c>, or <c>incomplete</c> when a step was not possible.
/// </param>
/// <param name="Steps">The steps of the sweep; none while it is pending.</param>
public sealed record ErasureView(Guid Id, string State, IReadOnlyList<SweepStep> Steps);

/// <summary>Records and reads the progress of erasures.</summary>
public sealed class Erasures(EventLog log)
{
    /// <returns>Null when the account is not erased or never existed.</returns>
    public async Task<ErasureView?> FindAsync(Guid account, CancellationToken ct)
    {
        if (await log.Aggregates.FindAsync<Account>(account, ct) is not { Erased: true })
            return null;
        var steps = await StepsAsync(account, ct);
        if (steps is null)
            return new(account, "pending", []);
        return new(account, steps.All(s => s.Done) ? "done" : "incomplete", steps);
    }

    internal async Task<IReadOnlyList<SweepStep>?> StepsAsync(Guid account, CancellationToken ct)
    {
        await using var command = log.Database.CreateCommand("select steps::text from log.erasures where account = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = account });
        return await command.ExecuteScalarAsync(ct) is string json
            ? JsonSerializer.Deserialize<List<SweepStep>>(json, log.Types.Json)
            : null;
    }

    internal async Task<DateTime?> NewestAsync(CancellationToken ct)
    {
        await using var command = log.Database.CreateCommand("select max(swept) from log.erasures");
        return await command.ExecuteScalarAsync(ct) as DateTime?;
    }

    internal async Task RecordAsync(
        IReadOnlyCollection<Guid> accounts,
        IReadOnlyList<SweepStep> steps,
        CancellationToken ct
    )
    {
        await using var command = log.Database.CreateCommand(
            "insert into log.erasures (account, steps) select unnest($1::uuid[]), $2 on conflict (account) do nothing"
        );
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. accounts] });
        command.Parameters.Add(
            new NpgsqlParameter
            {
                Value = JsonSerializer.Serialize(steps, log.Types.Json),
                NpgsqlDbType = NpgsqlDbType.Jsonb,
            }
        );
        await command.ExecuteNonQueryAsync(ct);
    }
}
