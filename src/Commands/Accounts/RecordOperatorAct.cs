using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Records an operator's decision about a read model or a reactor, before it takes effect.</summary>
/// <param name="Act">One of <see cref="OperatorAct"/>.</param>
/// <param name="Subject">The name of the read model or reactor.</param>
public sealed record RecordOperatorAct(Guid AccountId, string Act, string Subject);

public sealed class RecordOperatorActValidator : AbstractValidator<RecordOperatorAct>
{
    public RecordOperatorActValidator()
    {
        RuleFor(c => c.Act)
            .Must(OperatorAct.All.Contains)
            .WithMessage(c => $"act is \"{c.Act}\"; {string.Join(", ", OperatorAct.All)} are allowed");
        RuleFor(c => c.Subject)
            .Must(s => s.Length <= OperatorAct.SubjectMax)
            .WithMessage(c => $"subject has {c.Subject.Length} characters; {OperatorAct.SubjectMax} are allowed");
    }
}

public static class RecordOperatorActHandler
{
    public static IEnumerable<AccountEvent> Handle(RecordOperatorAct command, [WriteAggregate] Account account)
    {
        yield return new OperatorActed(account.Id, command.Act, command.Subject);
    }
}
