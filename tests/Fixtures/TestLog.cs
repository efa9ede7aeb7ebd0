using System.Reflection;
using System.Text.Json;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Marten;
using Veza.EventStore.Models;
using Veza.EventStore.Postgres;
using Veza.EventStore.Projections;
using Veza.Projections;
using Wolverine;
using Wolverine.Runtime;

namespace Veza.Fixtures;

/// <summary>The production log, handlers and projections over a PostgreSQL of their own, one for all tests of an assembly. Tests keep apart by using ids of their own.</summary>
public sealed class TestLog : IAsyncLifetime
{
    private LocalPostgres? _postgres;
    private ProjectionHost? _projections;
    private IHost? _host;

    /// <summary>What commands are told as the time; a test may move it.</summary>
    public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static EventTypes EventTypes { get; } = EventTypes.DerivedFrom(typeof(DomainEvent), json =>
        json.Converters.Add(new System.Text.Json.Serialization.JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase)),
        new(p => p.GetCustomAttribute<PersonalAttribute>()?.Owner, t => t.GetCustomAttribute<ErasesAttribute>()?.Account));

    /// <summary>Of every log that tests open on this database.</summary>
    public static byte[] KeySecret { get; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    public EventLog Log { get; private set; } = null!;
    public CommandBus CommandBus => _host!.Services.GetRequiredService<CommandBus>();

    /// <summary>Runs the handlers that were generated for production, for any log and clock.</summary>
    public IWolverineRuntime Wolverine => _host!.Services.GetRequiredService<IWolverineRuntime>();

    /// <summary>The same log as the product's Marten store has it.</summary>
    public DocumentStore Marten { get; private set; } = null!;
    public ReadModels Views { get; private set; } = null!;
    public ProjectionHost Projections => _projections!;
    public string ConnectionString => _postgres!.ConnectionString;

    public static IReadOnlyList<IProjection> AllProjections() =>
        [.. typeof(ReadModels).Assembly.GetTypes().Where(t => t is { IsAbstract: false } && t.IsAssignableTo(typeof(IProjection))).Select(t => (IProjection)Activator.CreateInstance(t)!)];

    public async ValueTask InitializeAsync()
    {
        // Rules do not depend on the disk; the fault tests, which do, bring their own server.
        _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);
        Log = await EventLog.OpenAsync(ConnectionString, EventTypes, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None, keySecret: KeySecret);
        _host = await StartWolverineAsync(provider => new(provider.GetRequiredService<IWolverineRuntime>(), Log, () => Now));
        Marten = OpenMarten();
        Views = new(Log.Database);
        _projections = await ProjectionHost.OpenAsync(Log, ConnectionString, AllProjections(), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        _projections.Start();
    }

    public async ValueTask DisposeAsync()
    {
        if (_projections is not null) await _projections.DisposeAsync();
        if (Marten is not null) await Marten.DisposeAsync();
        if (_host is not null) await _host.StopAsync();
        _host?.Dispose();
        if (Log is not null) await Log.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
    }

    private static async Task<IHost> StartWolverineAsync(Func<IServiceProvider, CommandBus> bus)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(bus);
        builder.UseWolverine(options => options.RunVezaCommands(new Limits()));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <param name="more">Projections, and where their documents are.</param>
    public DocumentStore OpenMarten(Action<StoreOptions>? more = null) => DocumentStore.For(options =>
    {
        options.Connection(ConnectionString);
        options.DatabaseSchemaName = "documents";
        options.OpenVezaLog(Log.Types, typeof(DomainEvent).Assembly.GetTypes().Where(ModelFold.IsModel));
        more?.Invoke(options);
    });

    /// <summary>Waits until every row shows what the log holds now.</summary>
    public Task ProjectedAsync() => Projections.WaitAsync(Projections.Status.Select(s => s.Name), Log.Head, TestContext.Current.CancellationToken);

    /// <param name="steps">Commands, events that <see cref="Happened"/> without one, and spans of time that pass.</param>
    public Scenario Given(params object[] steps) => new(this, steps);

    /// <summary>Puts events into the log that no command of the test brought about.</summary>
    public async Task AppendAsync(Happened happened)
    {
        var version = (await Log.Models.LoadAsync(happened.Model, happened.Stream, CancellationToken.None)).Version;
        var change = new StreamChange(happened.Stream, ModelFold.Of(happened.Model).StreamType, version, happened.Events);
        Assert.IsType<AppendOutcome.Accepted>(await Log.Appender.AppendAsync(new(Guid.CreateVersion7(), [change], [])));
    }
}

/// <summary>Events of another capability, which a test takes for granted instead of sending the commands that lead to them.</summary>
public sealed record Happened(Type Model, Guid Stream, DomainEvent[] Events)
{
    public static Happened To<TModel>(Guid stream, params DomainEvent[] events) => new(typeof(TModel), stream, events);
}

/// <summary>Given commands that were accepted, when one more is sent, then it added events, nothing, or was refused.</summary>
/// <remarks>Every scenario has a clock of its own, which stands still unless time passes in it.</remarks>
public sealed class Scenario
{
    private readonly TestLog _log;
    private readonly object[] _given;
    private readonly CommandBus _bus;
    private object? _when;
    private long? _ifMatch;

    public Scenario(TestLog log, object[] given)
    {
        (_log, _given, Now) = (log, given, log.Now);
        _bus = new(log.Wolverine, log.Log, () => Now);
    }

    public DateTimeOffset Now { get; private set; }

    public Scenario When(object command, long? ifMatch = null)
    {
        (_when, _ifMatch) = (command, ifMatch);
        return this;
    }

    /// <summary>The command's events are exactly these, in order.</summary>
    public async Task Then(params DomainEvent[] expected)
    {
        var (result, events) = await RunAsync();
        if (result is CommandResult.Refused no) Assert.Fail($"refused: {no.Refusal.Code}: {no.Refusal.Detail}");
        Assert.Equal(expected, events);
    }

    public Task ThenNothing() => Then();

    /// <returns>What the caller is told: the answer the command's handler made.</returns>
    public async Task<JsonElement> ThenAnswered()
    {
        var (result, _) = await RunAsync();
        return JsonSerializer.Deserialize<JsonElement>(Assert.IsType<CommandResult.Done>(result).Answer);
    }

    /// <summary>Sends one more command at the scenario's time; it must be accepted.</summary>
    /// <returns>What the caller is told: the answer the command's handler made.</returns>
    public async Task<JsonElement> SendAsync(object command) =>
        JsonSerializer.Deserialize<JsonElement>(Assert.IsType<CommandResult.Done>((await SendAsync(command, null)).Result).Answer);

    /// <summary>Sends what was given, for its effect alone.</summary>
    public async Task PlayAsync()
    {
        foreach (var step in _given)
        {
            if (step is TimeSpan passed) Now += passed;
            else if (step is Happened happened) await _log.AppendAsync(happened);
            else if ((await SendAsync(step, null)).Result is CommandResult.Refused no) Assert.Fail($"given {step} was refused: {no.Refusal.Code}: {no.Refusal.Detail}");
        }
    }

    public async Task<Refusal> ThenRefused(string code)
    {
        var (result, events) = await RunAsync();
        var refused = Assert.IsType<CommandResult.Refused>(result);
        Assert.Equal(code, refused.Refusal.Code);
        Assert.Empty(events);
        return refused.Refusal;
    }

    public Task<Refusal> ThenRefused(Refusal refusal) => ThenRefused(refusal.Code);

    private async Task<(CommandResult Result, List<DomainEvent> Events)> RunAsync()
    {
        await PlayAsync();
        var head = _log.Log.Head;
        var (result, id) = await SendAsync(_when!, _ifMatch);
        var events = await _log.Log.Reader.ReadAsync(head, long.MaxValue, 1000, null, null, CancellationToken.None);
        return (result, [.. events.Where(e => e.CommandId == id).Select(e => (DomainEvent)e.Data!)]);
    }

    private async Task<(CommandResult Result, Guid Id)> SendAsync(object command, long? ifMatch)
    {
        var context = new CommandContext(Guid.CreateVersion7(), null, ExpectedVersion: ifMatch);
        CommandResult result = await _bus.SendAsync((dynamic)command, context, null, CancellationToken.None);
        return (result, context.CommandId);
    }
}
