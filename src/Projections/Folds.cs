namespace Veza.Projections;

/// <summary>
/// One shared instance of each projection, for its fold and its name. Creating one compiles its steps, which takes
/// longer than folding a page of events.
/// </summary>
internal static class Folds
{
    public static TProjection Of<TProjection>()
        where TProjection : new() => Shared<TProjection>.Instance;

    private static class Shared<TProjection>
        where TProjection : new()
    {
        public static readonly TProjection Instance = new();
    }
}
