using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;
using Veza.EventStore.Reactions;

namespace Veza.Api.Accounts;

/// <param name="State"><c>pending</c> until the files were swept, then <c>done</c>, or <c>incomplete</c> where a step could not be done.</param>
/// <param name="Steps">Empty while it is pending.</param>
public sealed record ErasureView(Guid Id, string State, IReadOnlyList<SweepStep> Steps);

/// <summary>How far erasures have come.</summary>
public sealed class Erasures(EventLog log)
{
    /// <returns>Null when the account is there, or never was.</returns>
    public async Task<ErasureView?> FindAsync(Guid account, CancellationToken ct)
    {
        if ((await log.Models.LoadAsync(typeof(Account), account, ct)).State is not Account { Erased: true }) return null;
        var steps = await StepsAsync(account, ct);
        if (steps is null) return new(account, "pending", []);
        return new(account, steps.All(s => s.Done) ? "done" : "incomplete", steps);
    }

    internal async Task<IReadOnlyList<SweepStep>?> StepsAsync(Guid account, CancellationToken ct)
    {
        await using var command = log.Database.CreateCommand("select steps::text from log.erasures where account = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = account });
        return await command.ExecuteScalarAsync(ct) is string json ? JsonSerializer.Deserialize<List<SweepStep>>(json, log.Types.Json) : null;
    }

    internal async Task<DateTime?> NewestAsync(CancellationToken ct)
    {
        await using var command = log.Database.CreateCommand("select max(swept) from log.erasures");
        return await command.ExecuteScalarAsync(ct) as DateTime?;
    }

    internal async Task RecordAsync(IReadOnlyCollection<Guid> accounts, IReadOnlyList<SweepStep> steps, CancellationToken ct)
    {
        await using var command = log.Database.CreateCommand(
            "insert into log.erasures (account, steps) select unnest($1::uuid[]), $2 on conflict (account) do nothing");
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. accounts] });
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(steps, log.Types.Json), NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>Rids the database's files of what erased accounts left in them. One sweep serves all accounts erased until it began.</summary>
/// <param name="ownsServer">The PostgreSQL is Veza's own.</param>
public sealed class SweepErasures(
    ErasedRemains remains,
    Erasures erasures,
    EventLog log,
    ProjectionHost projections,
    TimeProvider clock,
    bool ownsServer) : IReaction
{
    /// <summary>A sweep rewrites tables and passes the WAL: accounts made to be erased must not have it go on for ever.</summary>
    public static readonly TimeSpan BetweenMin = TimeSpan.FromMinutes(10);

    private static readonly string[] Erasing =
        [.. VezaApplication.CreateProjections().Where(p => p.Events.Contains(typeof(AccountErased))).Select(p => p.Name)];

    public string Name => "accounts.sweep_erasures.v1";
    public IReadOnlySet<Type> Events { get; } = new HashSet<Type> { typeof(AccountErased) };

    /// <summary>Of those that wait, the first sweeps for all.</summary>
    public int ConcurrencyMax => 1;

    public async Task ReactAsync(RecordedEvent e, CancellationToken ct)
    {
        if (await erasures.StepsAsync(((AccountErased)e.Data!).AccountId, ct) is not null) return;
        if (await erasures.NewestAsync(ct) is { } newest && newest + BetweenMin - clock.GetUtcNow() is var wait && wait > TimeSpan.Zero)
            await Task.Delay(wait < BetweenMin ? wait : BetweenMin, clock, ct);
        var head = await log.Reader.HeadAsync(ct);
        await projections.WaitAsync(Erasing, head, ct);
        List<Guid> erased = [];
        await foreach (var other in log.Reader.ReadAllAsync(new(e.Position - 1, head) { Types = log.Types.AliasesOf(typeof(AccountErased)) }, ct))
            erased.Add(((AccountErased)other.Data!).AccountId);
        var steps = await remains.SweepAsync(Erasing, ownsServer, ct);
        await erasures.RecordAsync(erased, steps, ct);
    }
}
