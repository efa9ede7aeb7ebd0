namespace Veza.EventStore.Database;

/// <summary>The server was the primary until another was promoted, and still acts as one.</summary>
public sealed class FormerPrimaryException(string message) : IOException(message);
