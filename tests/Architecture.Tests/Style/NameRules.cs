using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Veza.Architecture.Tests.Style;

/// <summary>How types are named here. Each rule lists the places that break it.</summary>
internal static class NameRules
{
    /// <summary>Top-level types of one name in several namespaces; parts of a partial type are one.</summary>
    public static IEnumerable<Finding> SharedTypeNames(IEnumerable<SourceFile> files) =>
        files
            .SelectMany(file => TopLevelTypes(file).Select(type => (File: file, Type: type)))
            .GroupBy(found => NameOf(found.Type))
            .Where(named => named.Select(found => NamespaceOf(found.Type)).Distinct().Count() > 1)
            .SelectMany(named => named.Select(found => found.File.At(found.Type)));

    public static IEnumerable<Finding> RowsNamedOtherwise(SourceFile file) =>
        file.All<GenericNameSyntax>()
            .Where(name => name is { Identifier.Text: "Projection", TypeArgumentList.Arguments.Count: 2 })
            .Where(name => name.Parent is BaseTypeSyntax)
            .Where(name => !IsRow(name.TypeArgumentList.Arguments[0]))
            .Select(file.At);

    private static IEnumerable<MemberDeclarationSyntax> TopLevelTypes(SourceFile file) =>
        file.All<MemberDeclarationSyntax>()
            .Where(member => member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax)
            .Where(type => type.Parent is BaseNamespaceDeclarationSyntax or CompilationUnitSyntax)
            .Where(type => !type.Modifiers.Any(SyntaxKind.FileKeyword));

    /// <returns>With the number of type parameters: <c>Row</c> and <c>Row&lt;T&gt;</c> are two names.</returns>
    private static string NameOf(MemberDeclarationSyntax type) =>
        type switch
        {
            TypeDeclarationSyntax t => $"{t.Identifier.Text}`{t.TypeParameterList?.Parameters.Count ?? 0}",
            DelegateDeclarationSyntax d => $"{d.Identifier.Text}`{d.TypeParameterList?.Parameters.Count ?? 0}",
            BaseTypeDeclarationSyntax b => $"{b.Identifier.Text}`0",
            _ => throw new ArgumentException($"{type.Kind()} declares no type", nameof(type)),
        };

    private static string NamespaceOf(MemberDeclarationSyntax type) =>
        type.Parent is BaseNamespaceDeclarationSyntax space ? space.Name.ToString() : "";

    /// <summary>A type parameter is not a row's type but stands for one.</summary>
    private static bool IsRow(TypeSyntax type) =>
        type.ToString() is "TRow" || type.ToString().EndsWith("Row", StringComparison.Ordinal);
}
