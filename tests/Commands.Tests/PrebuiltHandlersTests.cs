using System.CodeDom.Compiler;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Veza.Codegen;
using Veza.Commands.Dispatching;
using Veza.Fixtures;
using Wolverine.Runtime.Handlers;

namespace Veza.Commands.Tests;

public class PrebuiltHandlersTests(Rules rules)
{
    private static readonly string Root = FindRoot();

    [Fact]
    public async Task The_code_of_every_handler_is_what_would_be_generated_now()
    {
        var kept = PrebuiltHandlers
            .Folders.SelectMany(room =>
                Directory.EnumerateFiles(Path.Combine(Root, room), "*.cs", SearchOption.AllDirectories)
            )
            .ToDictionary(file => Path.GetRelativePath(Root, file), File.ReadAllText);

        var generated = await PrebuiltHandlers.GenerateAsync();

        Assert.True(generated.Count > 40, $"only {generated.Count} files were generated");
        Assert.Equal(generated.Keys.Order(StringComparer.Ordinal), kept.Keys.Order(StringComparer.Ordinal));
        var stale = generated.Where(file => file.Value != kept[file.Key]).Select(file => file.Key).ToList();
        Assert.True(stale.Count == 0, $"./veza codegen would change {string.Join(", ", stale)}");
    }

    [Fact]
    public void The_plan_of_every_handler_is_what_would_be_written_now() =>
        Assert.Equal(HandlerPlans.Markdown(), File.ReadAllText(Path.Combine(Root, PrebuiltHandlers.Plans)));

    [Fact]
    public void Every_command_has_its_handler_without_a_compiler()
    {
        var handlers = rules.Wolverine.Services.GetRequiredService<HandlerGraph>();
        var commands = HandlerPlans.Commands().ToList();

        Assert.True(commands.Count > 40, $"only {commands.Count} commands were found");
        Assert.All(commands, command =>
        {
            var handler = handlers.HandlerFor(command)!.GetType();
            Assert.NotNull(handler.GetCustomAttribute<GeneratedCodeAttribute>());
            Assert.Same(WolverineCommands.Room, handler.Assembly);
        });
        Assert.Empty(Directory.EnumerateFiles(AppContext.BaseDirectory, "Microsoft.CodeAnalysis*.dll"));
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("not inside a checkout");
        return folder.FullName;
    }
}
