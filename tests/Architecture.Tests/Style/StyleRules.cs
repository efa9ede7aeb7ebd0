using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Veza.Architecture.Tests.Style;

/// <summary>How code is laid out here. Each rule lists the places of a file that break it.</summary>
internal static class StyleRules
{
    /// <summary>Two files fit side by side on a laptop's screen.</summary>
    public const int ColumnsMax = 120;

    /// <summary>A file is read in one sitting.</summary>
    public const int LinesMax = 400;

    /// <summary>Records with more parameters than this have one a line, unless all fit on the record's first.</summary>
    public const int ParametersOnALineMax = 3;

    public const int TupleAssignmentMax = 2;

    public static IEnumerable<Finding> LongLines(SourceFile file) =>
        Enumerable
            .Range(1, file.Lines.Length)
            .Where(number => Columns(file.Lines[number - 1]) > ColumnsMax)
            .Select(file.AtLine);

    public static IEnumerable<Finding> LongFiles(SourceFile file)
    {
        // The split leaves an empty line behind the last line's end.
        var lines = file.Lines[^1].Length == 0 ? file.Lines.Length - 1 : file.Lines.Length;
        if (lines > LinesMax)
            yield return file.AtLine(LinesMax + 1);
    }

    /// <summary>CSharpier joins what fits on one line, so only a list that is broken can have one a line.</summary>
    public static IEnumerable<Finding> CrowdedRecords(SourceFile file) =>
        file.All<RecordDeclarationSyntax>().Where(IsCrowded).Select(file.At);

    public static IEnumerable<Finding> LongTupleAssignments(SourceFile file) =>
        TupleAssignments(file.Syntax).Where(tuple => tuple.Arguments.Count > TupleAssignmentMax).Select(file.At);

    public static IEnumerable<Finding> TupleAssignmentsInConstructors(SourceFile file) =>
        file.All<ConstructorDeclarationSyntax>().SelectMany(TupleAssignments).Select(file.At);

    public static IEnumerable<Finding> NestedTernaries(SourceFile file) =>
        file.All<ConditionalExpressionSyntax>()
            .Where(outer => WithoutLambdas(outer).Skip(1).OfType<ConditionalExpressionSyntax>().Any())
            .Select(file.At);

    public static IEnumerable<Finding> VarPatternsInReturns(SourceFile file) =>
        file.All<ReturnStatementSyntax>()
            .Where(statement => WithoutLambdas(statement).OfType<IsPatternExpressionSyntax>().Any(IsVar))
            .Select(file.At);

    private static bool IsCrowded(RecordDeclarationSyntax record)
    {
        if (record.ParameterList is not { Parameters: { Count: > ParametersOnALineMax } parameters } list)
            return false;
        var span = list.GetLocation().GetLineSpan();
        if (span.StartLinePosition.Line == span.EndLinePosition.Line)
            return false;
        return parameters.Select(SourceFile.FirstLine).Distinct().Count() < parameters.Count;
    }

    private static IEnumerable<TupleExpressionSyntax> TupleAssignments(SyntaxNode node) =>
        node.DescendantNodes()
            .OfType<AssignmentExpressionSyntax>()
            .Select(assignment => assignment.Left)
            .OfType<TupleExpressionSyntax>();

    private static bool IsVar(IsPatternExpressionSyntax expression) => expression.Pattern is VarPatternSyntax;

    /// <returns>The node and all below it, but for the bodies of lambdas: those are read on their own.</returns>
    private static IEnumerable<SyntaxNode> WithoutLambdas(SyntaxNode node) =>
        node.DescendantNodesAndSelf(inner => inner is not LambdaExpressionSyntax);

    private static int Columns(string line) => new StringInfo(line.TrimEnd('\r')).LengthInTextElements;
}
