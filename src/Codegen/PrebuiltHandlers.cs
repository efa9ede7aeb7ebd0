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
    /// <summary>Where the code stands in a room of a checkout.</summary>
    private const string Generated = "Internal/Generated";

    /// <summary>The rooms' folders in a checkout.</summary>
    public static IReadOnlyList<string> Folders { get; } = [$"src/Commands/{Generated}", $"src/Reactors/{Generated}"];

    private const string Registry = "GeneratedHandlerRegistry.cs";

    /// <summary>Where the plans stand in a checkout.</summary>
    public const string Plans = "docs/reference/handlers.md";

    /// <returns>Every file, by its path in a checkout, in the order of the paths.</returns>
    public static async Task<IReadOnlyDictionary<string, string>> GenerateAsync()
    {
        var commands = await GenerateAsync(Folders[0], options => options.RunVezaCommands(new Limits()));
        var all = await GenerateAsync(Folders[1], options =>
        {
            options.RunVezaCommands(new Limits());
            options.DescribeVezaReactors();
        });
        // The list of handlers is of both rooms; a command's code stands with the commands alone.
        var known = commands.Keys.Select(Path.GetFileName).ToHashSet();
        var reactors = all.Where(file =>
            Path.GetFileName(file.Key) is var name && (name == Registry || !known.Contains(name))
        );
        return commands
            .Concat(reactors)
            .OrderBy(file => file.Key, StringComparer.Ordinal)
            .ToDictionary(file => file.Key, file => file.Value);
    }

    private static async Task<IReadOnlyDictionary<string, string>> GenerateAsync(
        string room,
        Action<WolverineOptions> configure
    )
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseWolverine(configure);
        using var host = builder.Build();
        var folder = Directory.CreateTempSubdirectory("veza-handlers-");
        try
        {
            // Scans for handlers afresh instead of reading the list of the last time.
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
                    file => Path.Combine(room, Path.GetRelativePath(folder.FullName, file.FullName)),
                    file => Tidied(File.ReadAllText(file.FullName))
                );
        }
        finally
        {
            DynamicCodeBuilder.WithinCodegenCommand = false;
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Without blanks at the ends of lines, which say nothing and make differences.</summary>
    private static string Tidied(string code) =>
        string.Join('\n', code.ReplaceLineEndings("\n").TrimEnd().Split('\n').Select(line => line.TrimEnd())) + "\n";
}
