namespace Veza.Architecture.Tests.Style;

/// <summary>Each rule of style finds what breaks it, and nothing else, in a small text.</summary>
public sealed class StyleRulesTests
{
    [Fact]
    public void A_line_is_long_from_column_121_on()
    {
        var fits = new string('x', 120);
        Assert.Equal([2], Lines(StyleRules.LongLines, $"{fits}\n{fits}x\n"));
    }

    [Fact]
    public void A_letter_with_an_accent_takes_one_column()
    {
        var accents = string.Concat(Enumerable.Repeat("e\u0301", 120));
        Assert.Empty(Lines(StyleRules.LongLines, accents));
    }

    [Fact]
    public void A_file_is_long_from_line_401_on()
    {
        var fits = string.Concat(Enumerable.Repeat("x\n", 400));
        Assert.Empty(Lines(StyleRules.LongFiles, fits));
        Assert.Equal([401], Lines(StyleRules.LongFiles, fits + "x\n"));
    }

    [Fact]
    public void Four_parameters_on_two_lines_are_crowded()
    {
        const string text = """
            record Crowded(int A, int B,
                int C, int D);
            record OneALine(
                int A,
                int B,
                int C,
                int D);
            record OneLine(int A, int B, int C, int D);
            record Three(int A, int B,
                int C);
            """;
        Assert.Equal([1], Lines(StyleRules.CrowdedRecords, text));
    }

    [Fact]
    public void A_tuple_assignment_of_three_values_is_long()
    {
        const string text = """
            (a, b) = (1, 2);
            (a, b, c) = (1, 2, 3);
            var (d, e, f) = Three();
            """;
        Assert.Equal([2], Lines(StyleRules.LongTupleAssignments, text));
    }

    [Fact]
    public void A_tuple_assignment_of_any_length_is_found_in_a_constructor()
    {
        const string text = """
            class Point
            {
                Point(int x, int y) => (X, Y) = (x, y);
                void Swap() => (X, Y) = (Y, X);
            }
            """;
        Assert.Equal([3], Lines(StyleRules.TupleAssignmentsInConstructors, text));
    }

    [Fact]
    public void A_ternary_in_any_part_of_a_ternary_is_nested()
    {
        const string text = """
            var a = x ? 1 : y ? 2 : 3;
            var b = (x ? y : z) ? 1 : 2;
            var c = x ? 1 : 2;
            var d = x ? list.Select(y => y ? 1 : 2) : none;
            """;
        Assert.Equal([1, 2], Lines(StyleRules.NestedTernaries, text));
    }

    [Fact]
    public void A_var_pattern_in_a_return_is_found()
    {
        const string text = """
            if (Next() is var next && next > 1)
                return next is var same && same > 2;
            return next is { Length: var length } && length > 3;
            """;
        Assert.Equal([2], Lines(StyleRules.VarPatternsInReturns, text));
    }

    [Fact]
    public void A_retired_word_is_found_in_comments()
    {
        const string text = """
            /// <summary>
            /// Is told of each.
            /// </summary>
            void Tell() { } // Nobody calls it.
            /* Whatever
               it stands before */
            var sooner = "told"; // foretold
            """;
        Assert.Equal([2, 4, 5, 6], Lines(RetiredWords.InCSharp, text));
    }

    [Fact]
    public void A_retired_word_is_found_in_the_name_of_a_test()
    {
        const string text = """
            class Tests
            {
                [Fact]
                void The_caller_is_told() { }
                [Theory, InlineData(1)]
                void Nobody_hears(int n) { }
                void It_is_told() { }
            }
            """;
        Assert.Equal([4, 6], Lines(RetiredWords.InCSharp, text));
    }

    [Fact]
    public void A_retired_word_is_found_in_texts_of_the_product_alone()
    {
        const string text = """"
            var a = "nobody";
            var b = $"{c} forgets";
            var d = """
                first
                mended
                """;
            """";
        Assert.Equal([1, 2, 5], Lines(RetiredWords.InCSharp, text, "src/Api/A.cs"));
        Assert.Empty(Lines(RetiredWords.InCSharp, text));
    }

    [Fact]
    public void A_retired_name_of_a_type_is_found_as_a_whole_word()
    {
        const string text = """
            // WakeTurns
            // WakeTurnsAgain, waketurns
            """;
        Assert.Equal([1], Lines(RetiredWords.InCSharp, text));
    }

    [Theory]
    [InlineData("a.mjs", "tell(); // tell", "tell();", "// ask")]
    [InlineData("a.ts", "/** Tells it.", "const url = 'http://nobody';", "* ask")]
    [InlineData("a.svelte", "<!-- tells -->", "<p>{tell('http://nobody')}</p>", "<!-- asks -->")]
    [InlineData("a.css", "/* tells */", ".whatever { color: red }", "/* asks */")]
    [InlineData("a.sql", "select 1 -- told", "select told", "-- ask")]
    [InlineData("veza", "tell # whoever", "echo nobody$#", "# ask")]
    public void A_retired_word_is_found_in_comments_of_other_languages(
        string path,
        string breaks,
        string isCode,
        string isPlain
    )
    {
        Assert.Equal([1], Lines(RetiredWords.InComments, $"{breaks}\n{isCode}\n{isPlain}", path));
    }

    [Fact]
    public void A_retired_word_is_found_in_a_page()
    {
        Assert.Equal([2], Lines(RetiredWords.InPage, "# A page\nTell them.\nTelling them.", "page.md"));
    }

    [Fact]
    public void A_row_of_another_name_is_found()
    {
        const string text = """
            class A : Projection<TallyRow, int>;
            class B : Projection<Tally, int>;
            class C<TRow> : Projection<TRow, (int, int)>;
            Projection<Tally, int> d;
            """;
        Assert.Equal([2], Lines(NameRules.RowsNamedOtherwise, text));
    }

    [Fact]
    public void Types_of_one_name_in_two_namespaces_share_it()
    {
        SourceFile[] files =
        [
            new("src/A.cs", "namespace A;\nrecord Role;\npartial class Part;\nrecord Row<T>;\nfile class Own;"),
            new("src/B.cs", "namespace B;\nclass Out { enum Role; }\nenum Role;\nrecord Row;\nfile class Own;"),
            new("src/A2.cs", "namespace A;\npartial class Part;"),
        ];
        Assert.Equal(
            ["src/A.cs:2: record Role;", "src/B.cs:3: enum Role;"],
            NameRules.SharedTypeNames(files).Select(finding => finding.ToString())
        );
    }

    private static IEnumerable<int> Lines(
        Func<SourceFile, IEnumerable<Finding>> rule,
        string text,
        string path = "tests/A.cs"
    ) => rule(new(path, text)).Select(finding => finding.Line).Distinct();
}
