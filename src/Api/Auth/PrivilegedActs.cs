using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Auth;

/// <summary>
/// Records what privileged callers read and decide, before it happens, so that no such act goes without a trace. An act
/// that cannot be recorded is refused.
/// </summary>
internal sealed class PrivilegedActs(EventLog log, CommandBus bus, TimeProvider clock)
{
    /// <summary>
    /// Records that a session reads the log. Once a day for each session or key, as with the use of keys: the person
    /// sees which of theirs read, and when. An event for each page would make reading a way to fill the log.
    /// </summary>
    /// <returns>Null when it is recorded.</returns>
    public async Task<Refusal?> LogReadAsync(Guid sessionId, CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        if (await log.Aggregates.FindAsync<Session>(sessionId, ct) is not { } session)
            return null;
        return session.LogReadOn >= today ? null : await SendAsync(new RecordLogRead(sessionId), session.AccountId);
    }

    /// <summary>
    /// Records an operator's decision about a read model or a reactor. Each is an event; rate limits bound them.
    /// </summary>
    /// <returns>Null when it is recorded.</returns>
    public Task<Refusal?> OperatorAsync(Guid account, string act, string subject) =>
        SendAsync(new RecordOperatorAct(account, act, subject), account);

    private async Task<Refusal?> SendAsync<TCommand>(TCommand command, Guid account)
        where TCommand : notnull =>
        await bus.SendAsync(command, new(Guid.CreateVersion7(), account), answer: null, CancellationToken.None)
            is CommandResult.Refused no
            ? no.Refusal
            : null;
}
