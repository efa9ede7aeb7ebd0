using Veza.Fixtures;

namespace Veza.Commands.Tests;

/// <summary>Tests of what only PostgreSQL can promise: unique names, kept answers, commands that meet.</summary>
[CollectionDefinition]
public sealed class OverPostgres : ICollectionFixture<TestLog>;
