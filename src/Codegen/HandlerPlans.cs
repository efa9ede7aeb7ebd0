using System.Text;
using FluentValidation;
using Veza.Commands.Dispatching;

namespace Veza.Codegen;

/// <summary>Lists each command handler's aggregates and the sources of their ids, for the review of a change.</summary>
public static class HandlerPlans
{
    public static string Markdown()
    {
        var text = new StringBuilder(
            """
            # What each command's handler is given

            Written by `./veza codegen`; a test fails when it is stale. A renamed parameter or property that changes
            what a handler decides on shows here. The code of each handler is in `src/Commands/Internal/Generated`.

            """
        );
        foreach (var area in Commands().GroupBy(c => c.Namespace!["Veza.Commands.".Length..].Replace('.', '/')))
        {
            text.Append('\n').Append("## ").Append(area.Key).Append('\n');
            foreach (var command in area)
                Add(text, HandlerSignature.Of(command));
        }
        return text.ToString();
    }

    /// <returns>All commands of the product, in the order of their names.</returns>
    public static IEnumerable<Type> Commands() =>
        WolverineCommands
            .Room.GetTypes()
            .Where(type => type.Namespace?.StartsWith("Veza.Commands.", StringComparison.Ordinal) == true)
            .Where(type => type.Assembly.GetType($"{type.FullName}Handler") is not null)
            .OrderBy(type => type.FullName, StringComparer.Ordinal);

    private static void Add(StringBuilder text, HandlerSignature handler)
    {
        text.Append("\n### ").Append(handler.Command.Name).Append("\n\n");
        foreach (var aggregate in handler.Aggregates)
        {
            var type = aggregate.IsMany ? $"those {aggregate.Aggregate.Name}s" : aggregate.Aggregate.Name;
            var key = string.Join(", ", aggregate.Key.Select(part => $"`{Owner(part, handler)}.{part.Property.Name}`"));
            text.Append($"- `{aggregate.Name}`: {type} of {key}");
            if (aggregate.IsRequired)
                text.Append(", must be there");
            if (aggregate.IsWritten)
                text.Append(", **written**");
            text.Append('\n');
        }
        text.Append($"- {string.Join(" → ", Steps(handler))}\n");
    }

    private static string Owner(IdSource part, HandlerSignature handler) =>
        part.Aggregate?.Name ?? handler.Command.Name;

    private static IEnumerable<string> Steps(HandlerSignature handler)
    {
        var validator = typeof(IValidator<>).MakeGenericType(handler.Command);
        if (WolverineCommands.Room.GetTypes().Any(type => type.IsAssignableTo(validator)))
            yield return "shape";
        if (handler.Validate is not null)
            yield return "Validate";
        var isEvents = handler.Outcome == HandlerOutcome.Events;
        yield return isEvents ? $"Handle, events of `{handler.Written!.Name}`" : "Handle, effects";
        if (handler.Answer is not null)
            yield return "Answer";
    }
}
