using FluentValidation;
using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Frames;
using JasperFx.CodeGeneration.Model;
using JasperFx.Core.Reflection;

namespace Veza.Commands.Dispatching;

/// <summary>Begins the decision, validates the command, and repeats the frames after it round by round.</summary>
internal sealed class DecideFrame : AsyncFrame
{
    private const string Name = "decision";
    private readonly Type _command;
    private readonly bool _hasValidator;
    private Variable? _message;
    private Variable? _validator;

    public DecideFrame(Type command, bool hasValidator)
    {
        Wraps = true;
        _command = command;
        _hasValidator = hasValidator;
        Decision = new Variable(typeof(Decision), Name, this);
    }

    public Variable Decision { get; }

    public override IEnumerable<Variable> FindVariables(IMethodVariables chain)
    {
        yield return _message = chain.FindVariable(_command);
        if (_hasValidator)
            yield return _validator = chain.FindVariable(typeof(IValidator<>).MakeGenericType(_command));
    }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        var begin = $"{typeof(Decision).FullNameInCode()}.{nameof(Dispatching.Decision.Begin)}";
        writer.Write($"using var {Name} = {begin}(typeof({_command.FullNameInCode()}), context, cancellation);");
        if (_hasValidator)
            writer.Write($"{Name}.Check({_validator!.Usage}, {_message!.Usage});");
        writer.Write($"BLOCK:while (await {Name}.NextAsync().ConfigureAwait(false))");
        writer.Write(
            $"if (await {Name}.{nameof(Dispatching.Decision.IsShutOutAsync)}().ConfigureAwait(false)) continue;"
        );
        Next?.GenerateCode(method, writer);
        writer.FinishBlock();
        writer.Write($"await {Name}.EndAsync(context).ConfigureAwait(false);");
    }
}

/// <summary>Loads one aggregate, or a list of them.</summary>
internal sealed class LoadAggregateFrame : AsyncFrame
{
    private readonly AggregateParameter _parameter;
    private readonly Type _command;
    private readonly IReadOnlyDictionary<AggregateParameter, Variable> _loaded;
    private Variable? _message;

    /// <param name="loaded">The aggregates that its key may come from.</param>
    public LoadAggregateFrame(
        AggregateParameter parameter,
        Type command,
        IReadOnlyDictionary<AggregateParameter, Variable> loaded,
        Variable decision
    )
    {
        _parameter = parameter;
        _command = command;
        _loaded = loaded;
        var one = parameter.Aggregate;
        var type = parameter.IsMany ? typeof(IReadOnlyList<>).MakeGenericType(one) : one;
        Aggregate = new Variable(type, Identifiers.Of(parameter.Name), this);
        uses.Add(decision);
        foreach (var source in parameter.Key)
            if (source.Aggregate is { } from)
                uses.Add(loaded[from]);
    }

    public Variable Aggregate { get; }

    public override IEnumerable<Variable> FindVariables(IMethodVariables chain)
    {
        yield return _message = chain.FindVariable(_command);
    }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        var type = _parameter.Aggregate.FullNameInCode();
        var load = _parameter.IsMany ? nameof(Decision.LoadManyAsync) : nameof(Decision.LoadAsync);
        var id = Identifiers.OfId(_parameter);
        writer.BlankLine();
        writer.Write($"var {id} = {Id()};");
        writer.Write($"var {Aggregate.Usage} = await decision.{load}<{type}>({id}).ConfigureAwait(false);");
        if (_parameter.IsRequired)
            writer.Write($"if (decision.{nameof(Decision.IsMissing)}({Aggregate.Usage}, {id})) continue;");
        Next?.GenerateCode(method, writer);
    }

    private string Id()
    {
        var parts = _parameter.Key.Select(Part).ToList();
        if (_parameter.StreamId is null)
            return parts[0];
        var stream = $"{_parameter.Aggregate.FullNameInCode()}.{_parameter.StreamId.Name}";
        if (_parameter.Key.All(part => part.IsCertain))
            return $"{stream}({string.Join(", ", parts)})";
        // Without one of its parts there is no id.
        var conditions = parts.Select((part, i) => $"{part} is {{ }} {_parameter.Name}Part{i}");
        var arguments = parts.Select((_, i) => $"{_parameter.Name}Part{i}");
        return $"{string.Join(" && ", conditions)} ? {stream}({string.Join(", ", arguments)}) : (System.Guid?)null";
    }

    private string Part(IdSource source) =>
        source.Aggregate switch
        {
            null => $"{_message!.Usage}.{source.Property.Name}",
            { IsRequired: true } certain => $"{_loaded[certain].Usage}.{source.Property.Name}",
            var possible => $"{_loaded[possible].Usage}?.{source.Property.Name}",
        };
}

/// <summary>Sets the aggregate that the handler's events belong to, once all aggregates are loaded.</summary>
internal sealed class WrittenFrame : SyncFrame
{
    private readonly AggregateParameter _written;

    public WrittenFrame(AggregateParameter written, Variable aggregate)
    {
        _written = written;
        uses.Add(aggregate);
    }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        writer.BlankLine();
        var type = _written.Aggregate.FullNameInCode();
        writer.Write($"if (decision.{nameof(Decision.IsStale)}<{type}>({Identifiers.OfId(_written)})) continue;");
        Next?.GenerateCode(method, writer);
    }
}

/// <summary>Reads the round's time after all aggregates are loaded, so none of them is newer.</summary>
internal sealed class TimeFrame : SyncFrame
{
    public TimeFrame(Variable decision)
    {
        Now = new Variable(typeof(DateTimeOffset), "now", this);
        uses.Add(decision);
    }

    public Variable Now { get; }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        writer.Write($"var {Now.Usage} = decision.{nameof(Decision.Now)};");
        Next?.GenerateCode(method, writer);
    }
}

/// <summary>Ends the round when the handler's <c>Validate</c> refuses.</summary>
internal sealed class RefusalFrame : SyncFrame
{
    private readonly Variable _refusal;

    public RefusalFrame(Variable refusal)
    {
        _refusal = refusal;
        uses.Add(refusal);
    }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        writer.Write($"if (decision.{nameof(Decision.IsRefused)}({_refusal.Usage})) continue;");
        Next?.GenerateCode(method, writer);
    }
}

/// <summary>Passes the return value of one of the handler's methods to the decision.</summary>
internal sealed class PassToDecisionFrame : SyncFrame
{
    private readonly string _method;
    private readonly Variable _returned;

    public PassToDecisionFrame(string method, Variable returned)
    {
        _method = method;
        _returned = returned;
        uses.Add(returned);
    }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        writer.Write($"decision.{_method}({_returned.Usage});");
        Next?.GenerateCode(method, writer);
    }
}

/// <summary>The names of a handler's parameters in the code generated for it.</summary>
internal static class Identifiers
{
    private static readonly HashSet<string> Reserved =
    [
        .. (
            "abstract as base bool break byte case catch char checked class const continue decimal default delegate do "
            + "double else enum event explicit extern false finally fixed float for foreach goto if implicit in int "
            + "interface internal is lock long namespace new null object operator out override params private "
            + "protected public readonly ref return sbyte sealed short sizeof stackalloc static string struct switch "
            + "this throw true try "
            + "typeof uint ulong unchecked unsafe ushort using virtual void volatile while"
        ).Split(' '),
    ];

    public static string Of(string name) => Reserved.Contains(name) ? $"@{name}" : name;

    public static string OfId(AggregateParameter parameter) =>
        parameter.IsMany ? $"{parameter.Name}StreamIds" : $"{parameter.Name}StreamId";
}
