using System.Globalization;
using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

/// <summary>The documentation's links lead somewhere, the index of decisions is whole, and lines are short.</summary>
public sealed partial class DocsTests
{
    /// <summary>As in the code: two files fit side by side on a laptop's screen.</summary>
    private const int ColumnsMax = 120;

    private const string Decisions = "docs/decisions";

    private static readonly string[] SourceEndings =
    [
        ".cs",
        ".csproj",
        ".fs",
        ".js",
        ".json",
        ".mjs",
        ".props",
        ".sh",
        ".sql",
        ".svelte",
        ".ts",
        ".txt",
        ".yml",
    ];

    private static readonly Dictionary<string, string> Files = Checkout.Files.ToDictionary(
        path => path,
        path => Path.Combine(Checkout.Root, path)
    );

    private static readonly List<string> Pages = [.. Files.Keys.Where(IsPage)];

    [Fact]
    public void Every_relative_link_of_a_page_leads_to_a_file_and_a_heading()
    {
        var links = Pages.SelectMany(page => LinksOf(page).Select(link => (Page: page, Link: link))).ToList();

        Assert.NotEmpty(links);
        var broken = links.Where(l => !Leads(l.Page, l.Link));
        None("links lead nowhere", broken.Select(l => $"{l.Page}: {l.Link}"));
    }

    [Fact]
    public void Every_page_that_the_source_names_exists()
    {
        var sources = Files.Keys.Where(IsSource);
        var named = sources.SelectMany(file => PagesNamedIn(file).Select(page => (File: file, Page: page))).ToList();

        Assert.NotEmpty(named);
        var missing = named.Where(n => !Files.ContainsKey(n.Page));
        None("pages named by the source are missing", missing.Select(n => $"{n.File}: {n.Page}"));
    }

    [Fact]
    public void The_index_of_decisions_lists_every_record_with_its_title_date_and_status()
    {
        var rows = IndexRows();

        var records = Pages.Where(page => RecordName().IsMatch(page)).ToList();
        Assert.NotEmpty(records);
        var stray = Pages.Where(page => page.StartsWith($"{Decisions}/", StringComparison.Ordinal)).Except(records);
        None("files are no records", stray.Where(page => page != $"{Decisions}/README.md"));
        None("records differ from their row", records.Where(record => !rows.Contains(RowOf(record))).Select(RowOf));
        var linked = rows.Where(row => row.StartsWith("| [", StringComparison.Ordinal));
        None("rows have no record", linked.Except(records.Select(RowOf)));
    }

    [Fact]
    public void The_index_of_decisions_has_one_row_for_each_number()
    {
        var texts = IndexRows().Select(row => RowNumber().Match(row).Groups[1].Value);
        var numbers = texts.Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToList();

        Assert.Equal(Enumerable.Range(1, numbers.Max()), numbers);
    }

    [Fact]
    public void A_line_of_prose_has_120_columns_at_most()
    {
        var pages = Pages.Where(page => page == "README.md" || page.StartsWith("docs/", StringComparison.Ordinal));

        var prose = pages.SelectMany(page => Prose(page).Select(line => (Page: page, Line: line)));
        var wide = prose.Where(p => Columns(p.Line.Text) > ColumnsMax && !BareLink().IsMatch(p.Line.Text));
        None("lines are too long", wide.Select(p => $"{p.Page}:{p.Line.Number} has {Columns(p.Line.Text)} columns"));
    }

    private static void None(string what, IEnumerable<string> found)
    {
        var all = found.Order(StringComparer.Ordinal).ToList();
        Assert.True(all.Count == 0, $"{all.Count} {what}:\n{string.Join('\n', all)}");
    }

    private static bool IsPage(string path) => path.EndsWith(".md", StringComparison.Ordinal);

    private static bool IsSource(string path) => path == "veza" || SourceEndings.Contains(Path.GetExtension(path));

    private static IEnumerable<string> PagesNamedIn(string file) =>
        PageName().Matches(File.ReadAllText(Files[file])).Select(match => match.Value);

    private static IEnumerable<string> LinksOf(string page)
    {
        var prose = string.Join('\n', Lines(page).Where(line => !line.IsCode).Select(line => line.Text));
        var links = Link().Matches(InlineCode().Replace(prose, "")).Select(match => match.Groups[1].Value);
        return links.Where(link => !AbsoluteLink().IsMatch(link));
    }

    private static bool Leads(string page, string link)
    {
        var (path, heading) = link.Split('#', 2) is [var before, var after] ? (before, after) : (link, "");
        var folder = Path.GetDirectoryName(Files[page])!;
        var target = path.Length == 0 ? Files[page] : Path.GetFullPath(Path.Combine(folder, path));
        if (!File.Exists(target) && !Directory.Exists(target))
            return false;
        var name = Path.GetRelativePath(Checkout.Root, target).Replace('\\', '/');
        return heading.Length == 0 || !IsPage(name) || HeadingsOf(name).Contains(heading);
    }

    /// <returns>The anchor that GitHub derives from a heading.</returns>
    private static IEnumerable<string> HeadingsOf(string page) =>
        Lines(page)
            .Where(line => !line.IsCode && line.Text.StartsWith('#'))
            .Select(line => NotInAnchors().Replace(line.Text.TrimStart('#').Trim(), ""))
            .Select(heading => heading.Replace(' ', '-').ToLowerInvariant());

    private static List<string> IndexRows() =>
        [.. File.ReadLines(Files[$"{Decisions}/README.md"]).Where(line => RowNumber().IsMatch(line))];

    /// <returns>The row that the index must have.</returns>
    private static string RowOf(string record)
    {
        var text = File.ReadAllText(Files[record]);
        var head = RecordHead().Match(text);
        Assert.True(head.Success, $"{record} does not begin with a title, a date and a status");
        var file = Path.GetFileName(record);
        Assert.Equal(file[..4], head.Groups["number"].Value);
        string[] cells =
        [
            $"[{file[..4]}]({file})",
            head.Groups["title"].Value,
            head.Groups["date"].Value,
            ShortStatus(head.Groups["status"].Value),
        ];
        return $"| {string.Join(" | ", cells)} |";
    }

    /// <summary>In the index a status names the other record by its number, without the link and the part.</summary>
    private static string ShortStatus(string status)
    {
        var line = Blanks().Replace(status, " ").Trim();
        return Part().Replace(NumberLink().Replace(line, "$1"), "");
    }

    private static IEnumerable<Line> Prose(string page) =>
        Lines(page).Where(line => !line.IsCode && !line.Text.StartsWith('|'));

    private static IEnumerable<Line> Lines(string page)
    {
        var number = 0;
        var inCode = false;
        foreach (var text in File.ReadLines(Files[page]))
        {
            number++;
            var isFence = text.TrimStart().StartsWith("```", StringComparison.Ordinal);
            if (isFence)
                inCode = !inCode;
            yield return new(number, text, IsCode: inCode || isFence);
        }
    }

    private static int Columns(string text) => new StringInfo(text).LengthInTextElements;

    private sealed record Line(int Number, string Text, bool IsCode);

    [GeneratedRegex("""(?:\]\(|(?:src|srcset|href)=")([^)\s"]+)""")]
    private static partial Regex Link();

    [GeneratedRegex("^([a-z]+:|/)", RegexOptions.IgnoreCase)]
    private static partial Regex AbsoluteLink();

    [GeneratedRegex(@"^\s*(-\s+|\[[^\]]+\]:\s*)?<?https?://\S+$")]
    private static partial Regex BareLink();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"(?<![\w./-])docs/[\w./-]+\.md\b")]
    private static partial Regex PageName();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"^docs/decisions/\d{4}-[a-z0-9-]+\.md$")]
    private static partial Regex RecordName();

    [GeneratedRegex(
        @"\A# (?<number>\d{4}): (?<title>.+)\n\n- Date: (?<date>\d{4}-\d{2}-\d{2})\n"
            + @"- Status: (?<status>(?:Accepted|Partly superseded by|Superseded by)(?:.*)(?:\n  .*)*)\n\n## Context\n"
    )]
    private static partial Regex RecordHead();

    [GeneratedRegex(@"^\| \[?(\d{4})\b")]
    private static partial Regex RowNumber();

    [GeneratedRegex(@"\[(\d{4})\]\([^)]*\)")]
    private static partial Regex NumberLink();

    [GeneratedRegex(@" \([^)]*\)$")]
    private static partial Regex Part();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
