using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

/// <summary>An account with ids, names and a clock of its own for every test: sessions end by time.</summary>
internal sealed class AccountSetting
{
    private readonly IHandledLog _log;
    private readonly CommandBus _bus;

    public AccountSetting(IHandledLog log)
    {
        _log = log;
        _bus = new(log.Wolverine, log.Log, () => Now);
        UserName = $"ada_{Account:N}"[..32];
        Email = $"{UserName}@example.org";
    }

    public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public Guid Account { get; } = Guid.CreateVersion7();
    public Guid Session { get; } = Guid.CreateVersion7();
    public string UserName { get; }
    public string Email { get; }

    public RegisterAccount Registered => new(Account, UserName, Email, "hash");
    public StartSession Started => new(Session, Account, "token 1");

    public async Task GivenAsync(params object[] commands)
    {
        foreach (var command in commands)
            if ((await SendAsync(command)).Refusal is { } no)
                Assert.Fail($"given {command} was refused: {no.Code}: {no.Detail}");
    }

    public async Task<DomainEvent[]> EventsOfAsync(object command)
    {
        var (refusal, events) = await SendAsync(command);
        if (refusal is not null)
            Assert.Fail($"refused: {refusal.Code}: {refusal.Detail}");
        return events;
    }

    public async Task<Refusal> RefusalOfAsync(object command)
    {
        var (refusal, events) = await SendAsync(command);
        Assert.NotNull(refusal);
        Assert.Empty(events);
        return refusal;
    }

    private async Task<(Refusal? Refusal, DomainEvent[] Events)> SendAsync(dynamic command)
    {
        var (id, head) = (Guid.CreateVersion7(), _log.Log.Head);
        CommandResult result = await _bus.SendAsync(
            command,
            new CommandContext(id, null),
            null,
            CancellationToken.None
        );
        return ((result as CommandResult.Refused)?.Refusal, await _log.EventsOfAsync(id, head));
    }
}
