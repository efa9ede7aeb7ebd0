using System.Text.Json;
using Veza.Commands.Dispatching;
using Veza.Domain;

namespace Veza.Fixtures;

/// <summary>Events that a test takes for granted instead of sending the commands that lead to them.</summary>
public sealed record Happened(Type Model, Guid Stream, DomainEvent[] Events)
{
    public static Happened To<TModel>(Guid stream, params DomainEvent[] events) => new(typeof(TModel), stream, events);
}

/// <summary>Given accepted commands, when one more is sent, then it added events, nothing, or was refused.</summary>
/// <remarks>Every scenario has a clock of its own, which stands still unless time passes in it.</remarks>
public sealed class Scenario
{
    private readonly IHandledLog _handled;
    private readonly object[] _given;
    private readonly CommandBus _bus;
    private object? _when;
    private Guid? _by;
    private long? _ifMatch;

    internal Scenario(IHandledLog handled, object[] given)
    {
        _handled = handled;
        _given = given;
        Now = handled.Now;
        _bus = new(handled.Wolverine, handled.Log, () => Now);
    }

    public DateTimeOffset Now { get; private set; }

    /// <param name="by">The account that sends it; null for the system itself.</param>
    public Scenario When(object command, long? ifMatch = null, Guid? by = null)
    {
        _when = command;
        _ifMatch = ifMatch;
        _by = by;
        return this;
    }

    /// <summary>The command's events are exactly these, in order.</summary>
    public async Task Then(params DomainEvent[] expected) => Assert.Equal(expected, await ThenEvents());

    /// <returns>The command's events, in order, where they cannot be compared as a whole.</returns>
    public async Task<DomainEvent[]> ThenEvents()
    {
        var (result, events) = await RunAsync();
        FailIfRefused(result, "it");
        return events;
    }

    public Task ThenNothing() => Then();

    /// <returns>What the caller is told: the answer the command's handler made.</returns>
    public async Task<JsonElement> ThenAnswered()
    {
        var (result, _) = await RunAsync();
        return AnswerOf(result);
    }

    /// <summary>Sends one more command at the scenario's time; it must be accepted.</summary>
    /// <returns>What the caller is told: the answer the command's handler made.</returns>
    public async Task<JsonElement> SendAsync(object command) => AnswerOf((await SendAsync(command, null, null)).Result);

    /// <summary>Sends what was given, for its effect alone.</summary>
    public async Task PlayAsync()
    {
        foreach (var step in _given)
        {
            if (step is TimeSpan passed)
                Now += passed;
            else if (step is Happened happened)
                await _handled.AppendAsync(happened);
            else
                FailIfRefused((await SendAsync(step, null, null)).Result, $"given {step}");
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

    private static JsonElement AnswerOf(CommandResult result) =>
        JsonSerializer.Deserialize<JsonElement>(Assert.IsType<CommandResult.Done>(result).Answer);

    private static void FailIfRefused(CommandResult result, string what)
    {
        if (result is CommandResult.Refused(var refusal))
            Assert.Fail($"{what} was refused: {refusal.Code}: {refusal.Detail}");
    }

    private async Task<(CommandResult Result, DomainEvent[] Events)> RunAsync()
    {
        await PlayAsync();
        var head = _handled.Log.Head;
        var (result, id) = await SendAsync(_when!, _by, _ifMatch);
        return (result, await _handled.EventsOfAsync(id, head));
    }

    private async Task<(CommandResult Result, Guid Id)> SendAsync(object command, Guid? by, long? ifMatch)
    {
        var context = new CommandContext(Guid.CreateVersion7(), by, ExpectedVersion: ifMatch);
        CommandResult result = await _bus.SendAsync((dynamic)command, context, null, CancellationToken.None);
        return (result, context.CommandId);
    }
}
