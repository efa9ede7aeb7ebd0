namespace Veza.Api.Configuration;

/// <summary>The parts of Veza that can run in separate processes.</summary>
public static class HostRole
{
    public const string Api = "api",
        Realtime = "realtime",
        Projections = "projections",
        Reactors = "reactors",
        Media = "media";
    internal static readonly string[] All = [Api, Realtime, Projections, Reactors, Media];
}
