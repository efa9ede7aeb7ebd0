namespace Veza.Commands.Dispatching;

/// <summary>The bounds of commands that an operator may set. Each has the name of its environment variable.</summary>
/// <param name="MaxMessageSize">Bytes of UTF-8 in a message.</param>
public sealed record Limits(int MaxMessageSize = 8192);
