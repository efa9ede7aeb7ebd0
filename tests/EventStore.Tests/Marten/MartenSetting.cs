using JasperFx;
using Marten;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Events;
using Veza.EventStore.Marten;
using Veza.EventStore.Verification;

namespace Veza.EventStore.Tests.Marten;

public abstract record DiaryEvent;

public sealed record PageWritten(Guid Id, Guid AuthorId, string Text, Weather Weather) : DiaryEvent;

public sealed record PageEdited(Guid Id, Guid AuthorId, string Text) : DiaryEvent;

public sealed record PageRead(Guid Id, int Times) : DiaryEvent
{
    public static System.Text.Json.Nodes.JsonObject FromV1(System.Text.Json.Nodes.JsonObject old) =>
        new() { ["id"] = old["id"]!.DeepClone(), ["times"] = 1 };
}

public sealed record DiaryNamed(Guid Id, string Name) : DiaryEvent;

public sealed record AuthorErased(Guid AuthorId) : DiaryEvent;

public enum Weather
{
    Fair,
    HeavyRain,
}

public sealed record Page(Guid Id, string Text, int Read)
{
    public static Page Create(PageWritten e) => new(e.Id, e.Text, 0);

    public Page Apply(PageEdited e) => this with { Text = e.Text };

    public Page Apply(PageRead e) => this with { Read = Read + e.Times };
}

/// <summary>A node's log, and a Marten store as another program opens it.</summary>
public sealed class MartenSetting : IAsyncDisposable
{
    public static readonly byte[] Secret = [.. Enumerable.Repeat((byte)9, 32)];
    public static readonly NameRule[] Names = [new("diary", ["diary_named"], "name")];
    public static readonly EventTypes Types = EventTypes.DerivedFrom(
        typeof(DiaryEvent),
        json =>
            json.Converters.Add(
                new System.Text.Json.Serialization.JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase)
            ),
        new(p => p.Name == "Text" ? "AuthorId" : null, t => t == typeof(AuthorErased) ? "AuthorId" : null)
    );

    private readonly LogTypes _keys;

    private MartenSetting(string database, EventLog log, LogTypes keys)
    {
        Database = database;
        Log = log;
        _keys = keys;
        Store = Open();
    }

    public string Database { get; }
    public EventLog Log { get; }
    public DocumentStore Store { get; }

    public static async Task<MartenSetting> BeginAsync(LogFixture fixture)
    {
        var database = await fixture.NewDatabaseAsync();
        return new(
            database,
            await OpenNodeAsync(database),
            await LogTypes.OpenAsync(database, Types, Secret, TimeProvider.System, CancellationToken.None)
        );
    }

    public static Task<EventLog> OpenNodeAsync(string database) =>
        EventLog.OpenAsync(
            database,
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: new(Secret),
            names: Names
        );

    public DocumentStore Open(Action<StoreOptions>? more = null) =>
        DocumentStore.For(options =>
        {
            options.Connection(Database);
            options.DatabaseSchemaName = "diary";
            options.OpenVezaLog(_keys.Cipher, typeof(Page));
            more?.Invoke(options);
        });

    public async Task<T?> AskAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Database);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) is T value ? value : default;
    }

    /// <summary>Verifies every promise of the log by recomputing it.</summary>
    public async Task VerifyAsync()
    {
        var report = await new LogVerifier(Log.Database, []).VerifyAsync(TestContext.Current.CancellationToken);
        Assert.Empty(report.Checks.SelectMany(c => c.Differences));
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await _keys.DisposeAsync();
        await Log.DisposeAsync();
    }
}
