using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Auth;

/// <summary>
/// Records what those who may more than others read and decide, before it is done: who did it cannot have left no
/// trace. What cannot be recorded is not done.
/// </summary>
internal sealed class PrivilegedActs(EventLog log, CommandBus bus, TimeProvider clock)
{
    /// <summary>
    /// A session reads the whole log. Recorded once a day for each session or key, as with the use of keys: the person
    /// sees which of theirs read and when. An event for each page would make reading a way to fill the log.
    /// </summary>
    /// <returns>Null when it is recorded.</returns>
    public async Task<Refusal?> LogReadAsync(Guid session, CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        if ((await log.Models.LoadAsync(typeof(Session), session, ct)).State is not Session known)
            return null;
        return known.LogReadOn >= today ? null : await SendAsync(new RecordLogRead(session), known.AccountId);
    }

    /// <summary>
    /// An operator decides about a read model or a reactor. Each is recorded; rate limits bound them.
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
