using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Veza.Architecture.Tests.Style;

/// <summary>A file of the checkout as the rules of style read it: its lines and, for C#, its syntax.</summary>
/// <param name="path">From the checkout's root, with slashes.</param>
internal sealed class SourceFile(string path, string text)
{
    private readonly Lazy<CompilationUnitSyntax> _syntax = new(() =>
        CSharpSyntaxTree.ParseText(text, new(LanguageVersion.Preview)).GetCompilationUnitRoot()
    );

    public string Path => path;

    public string[] Lines { get; } = text.Split('\n');

    /// <summary>Parsed only, not compiled.</summary>
    public CompilationUnitSyntax Syntax => _syntax.Value;

    /// <summary>All nodes of one kind, in the file's order.</summary>
    public IEnumerable<T> All<T>()
        where T : SyntaxNode => Syntax.DescendantNodes().OfType<T>();

    public Finding At(SyntaxNode node) => AtLine(FirstLine(node) + 1);

    /// <param name="number">Counted from one.</param>
    public Finding AtLine(int number) => new(path, number, Lines[number - 1].Trim());

    /// <returns>Counted from zero.</returns>
    public static int FirstLine(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line;
}

/// <summary>A place that breaks a rule.</summary>
internal sealed record Finding(string Path, int Line, string Text)
{
    public override string ToString() => $"{Path}:{Line}: {Text}";
}
