namespace Veza.Domain;

/// <summary>A property that never leaves the log: replays, exports and live topics leave it out.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class SecretAttribute : Attribute;
