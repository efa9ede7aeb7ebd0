using Veza.Fixtures;

namespace Veza.Commands.Tests;

/// <summary>Tests of PostgreSQL's promises: unique names, stored answers, concurrent commands.</summary>
[CollectionDefinition]
public sealed class OverPostgres : ICollectionFixture<TestLog>;
