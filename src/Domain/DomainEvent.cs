namespace Veza.Domain;

/// <summary>Something that happened. The names of event types and of their properties are the storage format.</summary>
public abstract record DomainEvent;
