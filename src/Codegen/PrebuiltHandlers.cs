using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Veza.Commands.Dispatching;
using Veza.Reactors.Running;
using Wolverine;

namespace Veza.Codegen;

/// <summary>The code that Wolverine generates for the handlers of commands and of reactors.</summary>
public static class PrebuiltHandlers
{
    /// <summary>The folder of the code inside a project.</summary>
    private const string Generated = "Internal/Generated";

    /// <summary>The folders of the code in a checkout.</summary>
    public static IReadOnlyList<string> Folders { get; } = [$"src/Commands/{Generated}", $"src/Reactors/{Generated}"];

    private const string Registry = "GeneratedHandlerRegistry.cs";

    /// <summary>Where the plans stand in a checkout.</summary>
    public const string Plans = "docs/handlers.md";

    /// <returns>The content of each file by its path in a checkout, in the order of the paths.</returns>
    public static async Task<IReadOnlyDictionary<string, string>> GenerateAsync()
    {
        var commands = await GenerateAsync(Folders[0], options => options.RunVezaCommands(new Limits()));
        var all = await GenerateAsync(Folders[1], options =>
        {
            options.RunVezaCommands(new Limits());
            options.DescribeVezaReactors();
        });
        // The registry lists the handlers of both projects. A command's code is in the commands' project alone.
        var commandFiles = commands.Keys.Select(Path.GetFileName).ToHashSet();
        var reactors = all.Where(file => IsOfReactors(Path.GetFileName(file.Key)));
        return commands
            .Concat(reactors)
            .OrderBy(file => file.Key, StringComparer.Ordinal)
            .ToDictionary(file => file.Key, file => file.Value);

        bool IsOfReactors(string name) => name == Registry || !commandFiles.Contains(name);
    }

    private static async Task<IReadOnlyDictionary<string, string>> GenerateAsync(
        string target,
        Action<WolverineOptions> configure
    )
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseWolverine(configure);
        using var host = builder.Build();
        var folder = Directory.CreateTempSubdirectory("veza-handlers-");
        try
        {
            // Makes Wolverine scan for handlers instead of reading the last registry.
            DynamicCodeBuilder.WithinCodegenCommand = true;
            await host.StartAsync();
            var collections = host.Services.GetServices<ICodeFileCollection>().ToArray();
            foreach (var collection in collections)
                collection.Rules.GeneratedCodeOutputPath = folder.FullName;
            var code = new DynamicCodeBuilder(host.Services, collections)
            {
                ServiceVariableSource = host.Services.GetService<IServiceVariableSource>(),
            };
            code.WriteGeneratedCode(_ => { });
            await host.StopAsync();
            return folder
                .EnumerateFiles("*.cs", SearchOption.AllDirectories)
                .OrderBy(file => file.FullName, StringComparer.Ordinal)
                .ToDictionary(
                    file => Path.Combine(target, Path.GetRelativePath(folder.FullName, file.FullName)),
                    file => Tidied(File.ReadAllText(file.FullName))
                );
        }
        finally
        {
            DynamicCodeBuilder.WithinCodegenCommand = false;
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Removes trailing whitespace, which would only show in diffs.</summary>
    private static string Tidied(string code) =>
        string.Join('\n', code.ReplaceLineEndings("\n").TrimEnd().Split('\n').Select(line => line.TrimEnd())) + "\n";
}
