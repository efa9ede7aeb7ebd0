using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Verification;

namespace Veza.EventStore.Tests.Marten;

/// <summary>The database computes the same digest of an event as a node.</summary>
public class EventDigestInSqlTests(LogFixture fixture)
{
    private const int Cases = 500;

    [Fact]
    public async Task Of_random_events_the_digests_are_equal()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var log = await fixture.OpenNewAsync();
        await using var connection = await log.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < Cases; i++)
        {
            var (id, stream, version) = (Guid.CreateVersion7(), Guid.CreateVersion7(), random.NextInt64());
            var json = Value(random, depth: 0)?.ToJsonString() ?? "null";
            var (user, correlation, causation) = (Maybe(random), Maybe(random), Maybe(random));
            var expected = new byte[EventDigest.Bytes];
            EventDigest.Compute(
                id,
                stream,
                version,
                "counted",
                "Type, Assembly",
                user,
                correlation,
                causation,
                System.Text.Encoding.UTF8.GetBytes(json),
                expected
            );
            await using var command = new NpgsqlCommand(
                "select log.event_digest($1, $2, $3, 'counted', 'Type, Assembly', $4, $5, $6, log.canonical_json($7))",
                connection
            );
            foreach (var value in (object[])[id, stream, version])
                command.Parameters.Add(new() { Value = value });
            foreach (var text in (string?[])[user, correlation, causation])
                command.Parameters.Add(
                    new() { Value = text ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text }
                );
            command.Parameters.Add(new() { Value = json, NpgsqlDbType = NpgsqlDbType.Jsonb });
            Assert.True(
                ((byte[])(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!)
                    .AsSpan()
                    .SequenceEqual(expected),
                json
            );
        }
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public async Task It_reads_as_deep_as_a_node(int levels, bool isRead)
    {
        await using var log = await fixture.OpenNewAsync();
        var json = new string('[', levels) + new string(']', levels);
        await using var command = log.Database.CreateCommand($"select log.canonical_json('{json}')");
        if (isRead)
            Assert.NotNull(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        else
            Assert.Equal(
                "VZ003",
                (
                    await Assert.ThrowsAsync<PostgresException>(() =>
                        command.ExecuteScalarAsync(TestContext.Current.CancellationToken)
                    )
                ).SqlState
            );
    }

    private static string? Maybe(Random random) => random.Next(3) == 0 ? null : Text(random);

    private static string Text(Random random)
    {
        var parts = (string[])
            ["", "a", "Z", "é", "🔥", "\"", "\\", "\n", "ß", "κόσμε", " ", "_", "0", "/", "\u001f", "漢"];
        return string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => parts[random.Next(parts.Length)]));
    }

    private static JsonNode? Value(Random random, int depth) =>
        random.Next(depth > 4 ? 5 : 7) switch
        {
            0 => null,
            1 => JsonValue.Create(random.Next(2) == 0),
            2 => JsonValue.Create(Text(random)),
            3 => JsonNode.Parse(Number(random)),
            4 => JsonValue.Create(random.NextInt64(long.MinValue, long.MaxValue)),
            5 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth + 1))]),
            _ => new JsonObject(
                Enumerable
                    .Range(0, random.Next(6))
                    .Select(_ => Text(random))
                    .Distinct()
                    .Select(k => KeyValuePair.Create(k, Value(random, depth + 1)))
            ),
        };

    private static string Number(Random random)
    {
        string[] numbers =
        [
            "0",
            "-0",
            "0.0",
            "-0.50",
            "100",
            "1e2",
            "1E-7",
            "-12.3400e3",
            "1.7976931348623157E+308",
            "4.9E-324",
            "12345678901234567890.000",
            random.NextDouble().ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        ];
        return numbers[random.Next(numbers.Length)];
    }
}
