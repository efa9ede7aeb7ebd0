namespace Veza.Domain;

/// <summary>Marks a property that never leaves the log: replays, exports and live topics omit it.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class SecretAttribute : Attribute;
