namespace Veza.Commands.Dispatching;

/// <summary>Bounds that the operator may set; each is named after its environment variable.</summary>
/// <param name="MaxMessageSize">Bytes of UTF-8 in a message.</param>
public sealed record Limits(int MaxMessageSize = 8192);
