using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Veza.Architecture.Tests.Style;

/// <summary>
/// Words that prose here does without, because a plainer one says more, and former names of types. Prose is comments,
/// pages, the names of tests, and the texts of the product.
/// </summary>
internal static partial class RetiredWords
{
    /// <summary>Comments and names of tests; in the product the texts of string literals too.</summary>
    public static IEnumerable<Finding> InCSharp(SourceFile file)
    {
        var words = CommentsOf(file).Concat(TestNamesOf(file));
        if (file.Path.StartsWith("src/", StringComparison.Ordinal))
            words = words.Concat(LiteralsOf(file));
        return words
            .SelectMany(text => LinesOf(text.First, text.Text))
            .Where(line => IsRetired(line.Text))
            .Select(line => file.AtLine(line.Number));
    }

    /// <summary>Comments of TypeScript, JavaScript, Svelte, style sheets, SQL and the shell.</summary>
    public static IEnumerable<Finding> InComments(SourceFile file) =>
        Matching(file, line => IsRetired(CommentMark(file.Path).Match(line).Value));

    public static IEnumerable<Finding> InPage(SourceFile file) => Matching(file, IsRetired);

    private static bool IsRetired(string text) => Words().IsMatch(text) || TypeNames().IsMatch(text);

    private static IEnumerable<Finding> Matching(SourceFile file, Func<string, bool> breaks) =>
        Enumerable.Range(1, file.Lines.Length).Where(number => breaks(file.Lines[number - 1])).Select(file.AtLine);

    private static IEnumerable<(int First, string Text)> CommentsOf(SourceFile file) =>
        file
            .Syntax.DescendantTrivia()
            .Where(trivia => IsComment(trivia.Kind()))
            .Select(trivia => (FirstLine(trivia.GetLocation()), trivia.ToFullString()));

    private static bool IsComment(SyntaxKind kind) =>
        kind
            is SyntaxKind.SingleLineCommentTrivia
                or SyntaxKind.MultiLineCommentTrivia
                or SyntaxKind.SingleLineDocumentationCommentTrivia
                or SyntaxKind.MultiLineDocumentationCommentTrivia;

    private static IEnumerable<(int First, string Text)> TestNamesOf(SourceFile file) =>
        file.All<MethodDeclarationSyntax>()
            .Where(IsTest)
            .Select(method => method.Identifier)
            .Select(name => (FirstLine(name.GetLocation()), name.Text.Replace('_', ' ')));

    private static bool IsTest(MethodDeclarationSyntax method) =>
        method
            .AttributeLists.SelectMany(list => list.Attributes)
            .Any(attribute => attribute.Name.ToString() is "Fact" or "Theory");

    private static IEnumerable<(int First, string Text)> LiteralsOf(SourceFile file) =>
        file
            .Syntax.DescendantTokens()
            .Where(token => IsText(token.Kind()))
            .Select(token => (FirstLine(token.GetLocation()), token.Text));

    private static bool IsText(SyntaxKind kind) =>
        kind
            is SyntaxKind.StringLiteralToken
                or SyntaxKind.Utf8StringLiteralToken
                or SyntaxKind.InterpolatedStringTextToken
                or SyntaxKind.SingleLineRawStringLiteralToken
                or SyntaxKind.MultiLineRawStringLiteralToken
                or SyntaxKind.Utf8SingleLineRawStringLiteralToken
                or SyntaxKind.Utf8MultiLineRawStringLiteralToken;

    private static int FirstLine(Location location) => location.GetLineSpan().StartLinePosition.Line + 1;

    private static IEnumerable<(int Number, string Text)> LinesOf(int first, string text) =>
        text.Split('\n').Select((line, index) => (first + index, line));

    private static Regex CommentMark(string path) =>
        Path.GetExtension(path) switch
        {
            ".ts" or ".mjs" or ".css" => SlashComment(),
            ".svelte" => MarkupComment(),
            ".sql" => DashComment(),
            _ => HashComment(),
        };

    [GeneratedRegex(
        @"\b(tell|tells|told|whoever|whatever|somebody|nobody|stands?\s+before|mended|forgets)\b",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex Words();

    /// <summary>Only those that are no words of English and no members of today's types.</summary>
    [GeneratedRegex(
        @"\b(ModelCache|ModelFold|ModelShape|HistoryGuard|HeadMark|OwnerRows|PastTable|ReadMadeOnce|SecondChance"
            + "|WrittenKeys|IBeating|WakeTurns|WakeSignal|LeavingHttp|PersonalTexts|PersonalKeys|SignInTries"
            + @"|ConnectionShares|MomentaryFaults|JsonRoom|NameChange|IReaction|ReactionRunner|LiveLimits)\b"
    )]
    private static partial Regex TypeNames();

    [GeneratedRegex(@"(?<=^|\s)//.*|^\s*/?\*.*")]
    private static partial Regex SlashComment();

    [GeneratedRegex(@"(?<=^|\s)//.*|^\s*/?\*.*|<!--.*")]
    private static partial Regex MarkupComment();

    [GeneratedRegex("--.*")]
    private static partial Regex DashComment();

    [GeneratedRegex(@"(?<=^|\s)#.*")]
    private static partial Regex HashComment();
}
