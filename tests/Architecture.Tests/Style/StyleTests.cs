namespace Veza.Architecture.Tests.Style;

/// <summary>
/// Every file that is written here follows the house style. <see cref="StyleRulesTests"/> shows what breaks each rule.
/// </summary>
public sealed class StyleTests
{
    /// <summary>Holds functions that stay word for word as Marten writes them.</summary>
    private const string MartensFunctions = "src/EventStore/Schema/marten.sql";

    private static readonly List<SourceFile> Files =
    [
        .. Checkout
            .Files.Where(path => !path.Contains("/Internal/Generated/", StringComparison.Ordinal))
            .Where(path => IsCSharp(path) || IsOtherCode(path) || IsPage(path))
            .Select(path => new SourceFile(path, File.ReadAllText(Path.Combine(Checkout.Root, path)))),
    ];

    private static readonly List<SourceFile> CSharp = [.. Files.Where(file => IsCSharp(file.Path))];
    private static readonly List<SourceFile> Product = [.. CSharp.Where(file => IsOfTheProduct(file.Path))];
    private static readonly List<SourceFile> OtherCode = [.. Files.Where(file => IsOtherCode(file.Path))];
    private static readonly List<SourceFile> Pages = [.. Files.Where(file => IsPage(file.Path))];

    [Fact]
    public void There_are_files_of_each_kind()
    {
        Assert.NotEmpty(CSharp);
        Assert.NotEmpty(OtherCode);
        Assert.NotEmpty(Pages);
    }

    [Fact]
    public void A_line_of_code_has_120_columns_at_most() =>
        None(CSharp.Concat(OtherCode).Where(file => file.Path != MartensFunctions), StyleRules.LongLines);

    [Fact]
    public void A_file_of_code_has_400_lines_at_most() => None(CSharp.Concat(OtherCode), StyleRules.LongFiles);

    [Fact]
    public void A_record_of_more_than_three_parameters_has_one_a_line() => None(CSharp, StyleRules.CrowdedRecords);

    [Fact]
    public void A_tuple_assignment_has_two_values_at_most() => None(CSharp, StyleRules.LongTupleAssignments);

    [Fact]
    public void A_constructor_assigns_without_tuples() => None(CSharp, StyleRules.TupleAssignmentsInConstructors);

    [Fact]
    public void A_ternary_holds_no_ternary() => None(CSharp, StyleRules.NestedTernaries);

    [Fact]
    public void A_return_holds_no_var_pattern() => None(CSharp, StyleRules.VarPatternsInReturns);

    [Fact]
    public void A_comment_a_text_and_the_name_of_a_test_hold_no_retired_word() => None(CSharp, RetiredWords.InCSharp);

    [Fact]
    public void A_comment_of_a_script_holds_no_retired_word() => None(OtherCode, RetiredWords.InComments);

    [Fact]
    public void A_page_holds_no_retired_word() => None(Pages, RetiredWords.InPage);

    [Fact]
    public void A_row_of_a_projection_is_named_Row() => None(Product, NameRules.RowsNamedOtherwise);

    [Fact]
    public void Two_types_of_the_product_do_not_share_a_name() => None(NameRules.SharedTypeNames(Product));

    private static void None(IEnumerable<SourceFile> files, Func<SourceFile, IEnumerable<Finding>> rule) =>
        None(files.SelectMany(rule));

    private static void None(IEnumerable<Finding> findings)
    {
        var all = findings.Distinct().ToList();
        Assert.True(all.Count == 0, $"{all.Count} places break the rule:\n{string.Join('\n', all)}");
    }

    private static bool IsCSharp(string path) => path.EndsWith(".cs", StringComparison.Ordinal);

    private static bool IsOfTheProduct(string path) => path.StartsWith("src/", StringComparison.Ordinal);

    private static bool IsPage(string path) => path.EndsWith(".md", StringComparison.Ordinal);

    /// <summary>Scripts of the shell that are run by name have no ending.</summary>
    private static bool IsOtherCode(string path) =>
        Path.GetExtension(path) is ".ts" or ".mjs" or ".svelte" or ".css" or ".sh" or ".sql"
        || path
            is "veza"
                or "tests/run"
                or "demo/install"
                or "clients/typescript/build"
                or "src/Web/build"
                or "tests/Web.Tests/install"
                or "docs/images/make-page";
}
