using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Veza.EventStore.Postgres;

namespace Veza.Journey.Tests;

/// <summary>
/// Reads the rows of every read model of a running Veza, and rebuilds all of them through the operator's API.
/// </summary>
internal sealed class ReadModelRows : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// After so many checks, some fifty seconds, the log does not come to rest, or a rebuild does not end.
    /// </summary>
    private const int LooksMax = 250;

    private readonly NpgsqlDataSource _database;
    private readonly HttpClient _operator;

    private ReadModelRows(NpgsqlDataSource database, HttpClient asOperator)
    {
        _database = database;
        _operator = asOperator;
    }

    /// <param name="Head">Position of the last event in the rows.</param>
    /// <param name="Rows">The rows of each view, as text, in order.</param>
    public sealed record Snapshot(long Head, IReadOnlyDictionary<string, string[]> Rows);

    public static async Task<ReadModelRows> OpenAsync(VezaProcess veza)
    {
        var database = NpgsqlDataSource.Create(
            (await LocalPostgres.FindRunningAsync(veza.Home, TestContext.Current.CancellationToken))!
        );
        var http = new HttpClient { BaseAddress = new(veza.Address) };
        var credentials = JsonDocument
            .Parse(await File.ReadAllBytesAsync(Path.Combine(veza.Home, "operator.json")))
            .RootElement;
        using var session = await http.PostAsJsonAsync(
            "/api/v1/sessions",
            new
            {
                name = credentials.GetProperty("userName").GetString(),
                password = credentials.GetProperty("password").GetString(),
            }
        );
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer",
            (await session.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>())
                .GetProperty("accessToken")
                .GetString()
        );
        return new(database, http);
    }

    /// <summary>Reads them once appends have ended and every projection has reached the head.</summary>
    public async Task<Snapshot> AtRestAsync()
    {
        using var look = new PeriodicTimer(LookEvery);
        for (var looks = 0; looks < LooksMax; looks++)
        {
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            await using var connection = await _database.OpenConnectionAsync();
            await using var snapshot = await connection.BeginTransactionAsync(
                System.Data.IsolationLevel.RepeatableRead
            );
            const string AtHead = """
                with head as (select max(position) as position from log.chain),
                -- What they still have to do about an event may append another.
                reactors as (
                    select min(r.last_seq_id) as position from log.mt_event_progression r
                    where r.name <> 'HighWaterMark' and not exists (
                        select from log.projections s where split_part(r.name, '#', 1) like s.base || '.v%'))
                select min(p.last_seq_id) = (select position from head)
                           and (select position from reactors) = (select position from head)
                           and not exists (
                               select from wolverine.wolverine_incoming_envelopes
                               where status = 'Incoming'
                                   or (status = 'Scheduled' and execution_time < now() + interval '1 minute')),
                       count(distinct s.base) = (select count(*) from log.projections), min(p.last_seq_id)
                from log.projections s join log.mt_event_progression p on split_part(p.name, '#', 1) = s.serving
                """;
            long head;
            await using (var ask = new NpgsqlCommand(AtHead, connection, snapshot))
            await using (var row = await ask.ExecuteReaderAsync())
            {
                await row.ReadAsync();
                if (!row.GetBoolean(0) || !row.GetBoolean(1))
                    continue;
                head = row.GetInt64(2);
            }
            var rows = new SortedDictionary<string, string[]>(StringComparer.Ordinal);
            foreach (var projection in await TextsAsync("select base from log.projections", connection, snapshot))
                rows[projection] = await TextsAsync(
                    $"select r::text from views.{projection.Replace('.', '_')} r order by r::text collate \"C\"",
                    connection,
                    snapshot
                );
            return new(head, rows);
        }
        throw new TimeoutException("the read models do not come to the head of the log");
    }

    /// <summary>Rebuilds every projection and waits until each view shows the rebuilt rows.</summary>
    public async Task RebuildAllAsync()
    {
        var listed = await _operator.GetFromJsonAsync<JsonElement>("/api/v1/projections");
        foreach (var name in await TextsAsync("select serving from log.projections"))
        {
            Assert.Contains(listed.GetProperty("items").EnumerateArray(), p =>
                p.GetProperty("name").GetString() == name
            );
            using var asked = await _operator.PutAsync($"/api/v1/projections/{name}/build", null);
            Assert.True(asked.IsSuccessStatusCode, $"{name}: {await asked.Content.ReadAsStringAsync()}");
        }
        using var look = new PeriodicTimer(LookEvery);
        for (var looks = 0; looks < LooksMax; looks++)
        {
            var builds = (await _operator.GetFromJsonAsync<JsonElement>("/api/v1/projections/builds")).GetProperty(
                "items"
            );
            if (builds.GetArrayLength() == 0)
                return;
            Assert.DoesNotContain(builds.EnumerateArray(), b =>
                b.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
            );
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        throw new TimeoutException("the builds do not end");
    }

    public async ValueTask DisposeAsync()
    {
        _operator.Dispose();
        await _database.DisposeAsync();
    }

    private async Task<string[]> TextsAsync(string sql)
    {
        await using var connection = await _database.OpenConnectionAsync();
        return await TextsAsync(sql, connection, null);
    }

    private static async Task<string[]> TextsAsync(
        string sql,
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction
    )
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return [.. texts];
    }
}
