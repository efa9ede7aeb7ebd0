namespace Veza.Api.Live.Broadcasts;

/// <summary>Marks the endpoint of <see cref="SourceSocket"/>, whose requests become WebSockets.</summary>
internal sealed record TakesSource
{
    public static readonly TakesSource Marker = new();
}
