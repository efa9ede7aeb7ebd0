using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using Veza.Api.Configuration;

namespace Veza.Api.Pages;

/// <summary>
/// The built web page, read whole at the start. A request looks up its path in a table, so no path leads out of the
/// folder, and none reads the disk. Any thread may call it.
/// </summary>
internal sealed class PageFiles
{
    /// <summary>The page has about a hundred files of about 2 MB. More is another folder, given by mistake.</summary>
    public const int FilesMax = 4096;
    public const int BytesMax = 64 << 20;

    /// <summary>Vite puts a hash of the content into the names of the files here.</summary>
    public const string HashedFolder = "/assets/";

    private const string IndexName = "index.html";

    /// <summary>A name never gets another content: a year is the longest that caches count.</summary>
    private const string ForEver = "public, max-age=31536000, immutable";

    /// <summary>Caches keep the file and ask by its ETag whether it is still the same.</summary>
    private const string AskEachTime = "no-cache";

    private static readonly FileExtensionContentTypeProvider ContentTypes = new();

    private static readonly (string Encoding, string Ending)[] Encodings = [("br", ".br"), ("gzip", ".gz")];

    private readonly FrozenDictionary<string, PageFile> _files;

    private PageFiles(Dictionary<string, PageFile> files) => _files = files.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What every screen of the page starts with. Null when the page is not built.</summary>
    public PageFile? Index => Find("/" + IndexName);

    public PageFile? Find(PathString path) => _files.GetValueOrDefault(path.Value ?? "");

    /// <returns>Without files if the program has no built page beside it.</returns>
    /// <exception cref="InvalidSettingsException">WEB_ROOT is given and holds no page, or too much.</exception>
    public static PageFiles Load(VezaSettings settings)
    {
        var folder = settings.WebRoot ?? Path.Combine(AppContext.BaseDirectory, "page");
        if (File.Exists(Path.Combine(folder, IndexName)))
            return new(Read(folder));
        if (settings.WebRoot is null)
            return new([]);
        throw Invalid(folder, "has no index.html; src/Web/build makes one in src/Web/dist");
    }

    private static Dictionary<string, PageFile> Read(string folder)
    {
        var contents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var bytes = 0L;
        var withLinksSkipped = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint,
        };
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", withLinksSkipped))
        {
            bytes += file.Length;
            if (contents.Count == FilesMax || bytes > BytesMax)
                throw Invalid(folder, $"has more than {FilesMax:N0} files or {BytesMax:N0} bytes, unlike a page");
            contents["/" + Path.GetRelativePath(folder, file.FullName)] = File.ReadAllBytes(file.FullName);
        }
        return contents
            .Keys.Where(path => ContentTypes.TryGetContentType(path, out _) && !IsCompressed(path, contents))
            .ToDictionary(path => path, path => FileAt(path, contents));
    }

    private static PageFile FileAt(string path, Dictionary<string, byte[]> contents)
    {
        ContentTypes.TryGetContentType(path, out var type);
        if (type!.StartsWith("text/", StringComparison.Ordinal))
            type += "; charset=utf-8";
        var hashed = path.StartsWith(HashedFolder, StringComparison.Ordinal);
        return new(type, hashed ? ForEver : AskEachTime, [.. BodiesOf(path, contents)]);
    }

    private static IEnumerable<PageBody> BodiesOf(string path, Dictionary<string, byte[]> contents)
    {
        // Each body has its own tag (RFC 9110, section 8.8.3), made of the file's content.
        var hash = Convert.ToHexStringLower(SHA256.HashData(contents[path]).AsSpan(0, 16));
        foreach (var (encoding, ending) in Encodings)
            if (contents.TryGetValue(path + ending, out var compressed))
                yield return new(encoding, compressed, new($"\"{hash}-{encoding}\""));
        yield return new(null, contents[path], new($"\"{hash}\""));
    }

    private static bool IsCompressed(string path, Dictionary<string, byte[]> contents) =>
        Encodings.Any(e =>
            path.EndsWith(e.Ending, StringComparison.Ordinal) && contents.ContainsKey(path[..^e.Ending.Length])
        );

    private static InvalidSettingsException Invalid(string folder, string problem) =>
        new([$"WEB_ROOT is \"{folder}\", which {problem}"]);
}
