namespace Veza.Faults.Tests.Nodes;

public static class NodeProgram
{
    public const string Argument = "node";
    public static Task<int> RunAsync(string[] arguments) => Task.FromResult(arguments.Length);
}
