namespace Veza.Projections.AsOf;

/// <summary>
/// One of each projection, for its fold alone: making one compiles its steps, which takes longer than folding a page.
/// </summary>
internal static class Folds
{
    public static TProjection Of<TProjection>()
        where TProjection : new() => Only<TProjection>.It;

    private static class Only<TProjection>
        where TProjection : new()
    {
        public static readonly TProjection It = new();
    }
}
