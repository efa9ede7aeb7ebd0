using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Veza.Deploy.Tests.Terraform;

/// <summary>Checks what needs no provider: syntax, layout, references, and how modules are called.</summary>
public sealed partial class TerraformTests
{
    private static readonly string Folder = Path.Combine(Shell.Root, "deploy/terraform");

    private static readonly Lazy<Task<JsonObject>> Parsed = new(async () =>
        JsonNode
            .Parse(
                (await ParseAsync(Directory.EnumerateFiles(Folder, "*.tf", SearchOption.AllDirectories))).Succeeded()
            )!
            .AsObject()
    );

    [Fact]
    public async Task Every_file_can_be_read()
    {
        var files = (await Parsed.Value).Select(pair => Path.GetRelativePath(Folder, pair.Key)).Order();

        string[] modules = ["database", "dns", "environment", "kubernetes", "network", "storage"];
        string[] environments = ["production", "staging"];
        Assert.Equal(
            environments
                .Select(name => $"environments/{name}/main.tf")
                .Concat(modules.Select(name => $"modules/{name}/main.tf")),
            files
        );
    }

    [Fact]
    public async Task A_fault_of_syntax_is_found()
    {
        var broken = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7()}.tf");
        await File.WriteAllTextAsync(broken, "variable \"a\" {\n  type = \n}\n");
        try
        {
            Assert.NotEqual(0, (await ParseAsync([broken])).Code);
        }
        finally
        {
            File.Delete(broken);
        }
    }

    [Fact]
    public async Task Files_have_the_layout_of_terraform_fmt()
    {
        Assert.SkipUnless(File.Exists("/usr/local/bin/terraform"), "terraform is not to be had from a registry");
        (await Shell.RunAsync("/usr/local/bin/terraform", "fmt", "-check", "-diff", "-recursive", Folder)).Succeeded();
    }

    [Fact]
    public async Task Modules_get_exactly_what_they_declare()
    {
        foreach (var scope in (await Parsed.Value).Select(pair => pair.Value!))
        {
            foreach (var (name, calls) in scope["module"] as JsonObject ?? [])
            {
                var module = (await ScopeAsync($"modules/{name}"))!;
                var declared = module["variable"]!.AsObject();
                var given = calls![0]!.AsObject().Select(pair => pair.Key).Except(["source", "count"]).ToList();
                Assert.Empty(given.Except(declared.Select(pair => pair.Key)));
                var needed = declared.Where(pair => pair.Value![0]!["default"] is null).Select(pair => pair.Key);
                Assert.Empty(needed.Except(given));
            }
        }
    }

    [Fact]
    public async Task Every_reference_leads_somewhere()
    {
        foreach (var scope in (await Parsed.Value).Select(pair => pair.Value!.AsObject()))
        {
            foreach (
                var text in Texts(scope)
                    .SelectMany(text => Expression().Matches(text))
                    .Select(match => match.Groups[1].Value)
            )
            {
                foreach (Match reference in Reference().Matches(WithoutQuotes().Replace(text, "\"\"")))
                    Assert.True(await ExistsAsync(scope, reference.Value.Split('.')), $"{reference.Value} in {text}");
            }
        }
    }

    [Fact]
    public async Task Resources_have_only_arguments_that_the_provider_knows()
    {
        var known = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(Shell.Root, "tests/Deploy.Tests/Terraform/aws-arguments.json"))
        )!;
        string[] ofTerraform = ["for_each", "count", "depends_on", "lifecycle", "provider"];
        foreach (var scope in (await Parsed.Value).Select(pair => pair.Value!))
        {
            foreach (var (kind, resources) in scope["resource"] as JsonObject ?? [])
            {
                var arguments = known[kind]!.AsObject();
                foreach (var (name, body) in resources!.AsObject())
                {
                    var given = body![0]!.AsObject().Select(pair => pair.Key).Except(ofTerraform).ToList();
                    Assert.All(given, argument =>
                        Assert.True(arguments.ContainsKey(argument), $"{kind}.{name}.{argument}")
                    );
                    var needed = arguments.Where(pair => pair.Value!.GetValue<bool>()).Select(pair => pair.Key);
                    Assert.Empty(needed.Except(given));
                }
            }
        }
    }

    [Fact]
    public async Task State_is_remote_and_locked_and_providers_are_pinned()
    {
        foreach (var scope in await ScopesAsync("environments"))
        {
            var backend = scope["terraform"]![0]!["backend"]!["s3"]![0]!;
            Assert.True(backend["use_lockfile"]!.GetValue<bool>());
            Assert.True(backend["encrypt"]!.GetValue<bool>());
        }
        foreach (var scope in (await Parsed.Value).Select(pair => pair.Value!))
            Assert.StartsWith("~> ", scope["terraform"]![0]!["required_providers"]![0]!["aws"]!["version"]!.ToString());
    }

    private static async Task<bool> ExistsAsync(JsonObject scope, string[] path) =>
        path[0] switch
        {
            "var" => scope["variable"]?[path[1]] is not null,
            "local" => scope["locals"]?[0]?[path[1]] is not null,
            "data" => scope["data"]?[path[1]]?[path[2]] is not null,
            "module" => scope["module"]?[path[1]] is not null
                && (await ScopeAsync($"modules/{path[1]}"))?["output"]?[path[2]] is not null,
            _ => scope["resource"]?[path[0]]?[path[1]] is not null,
        };

    private static Task<ShellResult> ParseAsync(IEnumerable<string> files) =>
        NodeModules.RunAsync("Terraform/parse.mjs", files);

    private static async Task<IEnumerable<JsonObject>> ScopesAsync(string folder) =>
        (await Parsed.Value)
            .Where(pair => pair.Key.Contains($"/{folder}/", StringComparison.Ordinal))
            .Select(pair => pair.Value!.AsObject());

    private static async Task<JsonObject?> ScopeAsync(string folder) =>
        (await Parsed.Value)[Path.Combine(Folder, folder, "main.tf")]?.AsObject();

    private static IEnumerable<string> Texts(JsonNode? node) =>
        node switch
        {
            JsonObject fields => fields.SelectMany(pair => Texts(pair.Value)),
            JsonArray items => items.SelectMany(Texts),
            JsonValue value when value.TryGetValue<string>(out var text) => [text],
            _ => [],
        };

    [GeneratedRegex(@"\$\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}")]
    private static partial Regex Expression();

    [GeneratedRegex(
        @"(?<![\w.])(?:var|local)\.\w+|(?<![\w.])module\.\w+\.\w+|(?<![\w.])data\.\w+\.\w+|(?<![\w.])aws_\w+\.\w+"
    )]
    private static partial Regex Reference();

    [GeneratedRegex("\"[^\"$]*\"")]
    private static partial Regex WithoutQuotes();
}
