using System.Text.Json;
using Veza.Commands.Dispatching;
using Veza.Domain;

namespace Veza.Fixtures;

/// <summary>Events that a test assumes, in place of the commands that lead to them.</summary>
public sealed record Happened(Type Model, Guid Stream, DomainEvent[] Events)
{
    public static Happened To<TAggregate>(Guid stream, params DomainEvent[] events) =>
        new(typeof(TAggregate), stream, events);
}

/// <summary>Given accepted commands, when another is sent, then it adds events, adds nothing or is refused.</summary>
/// <remarks>Every scenario has its own clock, which stands still unless the scenario passes time.</remarks>
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

    /// <summary>Asserts that the command's events are exactly these, in order.</summary>
    public async Task Then(params DomainEvent[] expected) => Assert.Equal(expected, await ThenEvents());

    /// <returns>The command's events, in order, for tests that cannot compare them as a whole.</returns>
    public async Task<DomainEvent[]> ThenEvents()
    {
        var (result, events) = await RunAsync();
        FailIfRefused(result, "it");
        return events;
    }

    public Task ThenNothing() => Then();

    /// <returns>The answer of the command's handler.</returns>
    public async Task<JsonElement> ThenAnswered()
    {
        var (result, _) = await RunAsync();
        return AnswerOf(result);
    }

    /// <summary>Sends another command at the scenario's time and asserts that it is accepted.</summary>
    /// <returns>The answer of the command's handler.</returns>
    public async Task<JsonElement> SendAsync(object command) => AnswerOf((await SendAsync(command, null, null)).Result);

    /// <summary>Sends the given commands for their effect only.</summary>
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
