using Veza.EventStore.Projections;

namespace Veza.EventStore.Tests.Projections;

/// <summary>One projection in two versions, and one that changes its columns without a new version.</summary>
internal static class RebuiltProjections
{
    public sealed record Sum(Guid Id, int Total);

    public sealed record SumAndCount(Guid Id, int Total, int Count);

    /// <summary>Adds up, so that an event applied twice or not at all shows.</summary>
    public sealed class Sums : Projection<Sum, Guid>
    {
        public override string Name => "test.sums.v1";

        public Sums()
        {
            Identity<Counted>(e => e.Id);
            Identity<Cleared>(e => e.Id);
            Index("total");
        }

        public static Sum Create(Counted e) => new(e.Id, e.By);

        public static Sum Apply(Counted e, Sum row) => row with { Total = row.Total + e.By };

        public static Sum? Apply(Cleared _, Sum row) => null;
    }

    public sealed class SumsAndCounts : Projection<SumAndCount, Guid>
    {
        public override string Name => "test.sums.v2";

        public SumsAndCounts() => Identity<Counted>(e => e.Id);

        public static SumAndCount Create(Counted e) => new(e.Id, e.By, 1);

        public static SumAndCount Apply(Counted e, SumAndCount row) => new(row.Id, row.Total + e.By, row.Count + 1);
    }

    /// <summary>The columns of the second version, under the name of the first.</summary>
    public sealed class SumsWithAnotherColumn : Projection<SumAndCount, Guid>
    {
        public override string Name => "test.sums.v1";

        public SumsWithAnotherColumn() => Identity<Counted>(e => e.Id);

        public static SumAndCount Create(Counted e) => new(e.Id, e.By, 1);
    }
}
