using System.Text.Json;
using FluentValidation;

namespace Veza.Commands.Dispatching;

/// <summary>Validates a command's texts and numbers alone, without aggregates.</summary>
internal static class CommandShape
{
    // Messages name a field as in JSON. FluentValidation would write "User Name" for userName.
    static CommandShape() =>
        ValidatorOptions.Global.DisplayNameResolver = (_, member, _) =>
            member is null ? null : JsonNamingPolicy.CamelCase.ConvertName(member.Name);

    /// <returns>Null when they are valid.</returns>
    public static Refusal? Of<TCommand>(TCommand command, IValidator<TCommand> validator)
    {
        if (validator.Validate(command) is not { IsValid: false } found)
            return null;
        var errors = found.Errors.GroupBy(e => JsonNamingPolicy.CamelCase.ConvertName(e.PropertyName));
        return Refusals.Invalid(errors.ToDictionary(g => g.Key, g => g.Select(e => e.ErrorMessage).ToArray()));
    }
}
