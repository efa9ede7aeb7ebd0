using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Veza.Commands.Dispatching;
using Wolverine;

namespace Veza.Codegen;

/// <summary>The code that Wolverine generates for the handlers of <c>src/Commands</c>.</summary>
public static class PrebuiltHandlers
{
    /// <summary>Where the code stands in a checkout.</summary>
    public const string Folder = "src/Commands/Internal/Generated";

    /// <summary>Where the plans stand in a checkout.</summary>
    public const string Plans = "docs/handlers.md";

    /// <returns>Every file, by its path below <see cref="Folder"/>, in the order of the paths.</returns>
    public static async Task<IReadOnlyDictionary<string, string>> GenerateAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseWolverine(options => options.RunVezaCommands(new Limits()));
        using var host = builder.Build();
        var folder = Directory.CreateTempSubdirectory("veza-handlers-");
        try
        {
            // Scans for handlers afresh instead of reading the list of the last time.
            DynamicCodeBuilder.WithinCodegenCommand = true;
            await host.StartAsync();
            var collections = host.Services.GetServices<ICodeFileCollection>().ToArray();
            foreach (var collection in collections) collection.Rules.GeneratedCodeOutputPath = folder.FullName;
            var code = new DynamicCodeBuilder(host.Services, collections)
            {
                ServiceVariableSource = host.Services.GetService<IServiceVariableSource>(),
            };
            code.WriteGeneratedCode(_ => { });
            await host.StopAsync();
            return folder.EnumerateFiles("*.cs", SearchOption.AllDirectories)
                .OrderBy(file => file.FullName, StringComparer.Ordinal)
                .ToDictionary(
                    file => Path.GetRelativePath(folder.FullName, file.FullName),
                    file => Tidied(File.ReadAllText(file.FullName)));
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
