using Veza.Fixtures;

namespace Veza.Commands.Tests;

/// <summary>Tests of what only PostgreSQL can promise: names, answers kept, commands that meet. The others need none.</summary>
[CollectionDefinition]
public sealed class OverPostgres : ICollectionFixture<TestLog>;
