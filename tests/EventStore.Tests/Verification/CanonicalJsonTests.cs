using System.Text;
using Veza.EventStore.Verification;

namespace Veza.EventStore.Tests.Verification;

public class CanonicalJsonTests(LogFixture fixture)
{
    [Theory]
    [InlineData("""{"b":1,"a":2}""", """ { "a" : 2, "b" : 1 } """)]
    [InlineData("""{"a":{"y":[1,2],"x":null}}""", """{"a":{"x":null,"y":[1,2]}}""")]
    [InlineData("""["\u00e9\n\/"]""", "[\"\u00e9\\n/\"]")]
    [InlineData("[1.50,100,1e2,-0.0,0.00001]", "[1.5,1E+2,100.0,0,1e-5]")]
    [InlineData("""{"a":1,"a":2}""", """{"a":2}""")]
    public void However_it_is_written_the_same_value_has_the_same_bytes(string one, string other) =>
        Assert.Equal(Bytes(one), Bytes(other));

    /// <summary>
    /// Few properties and many are sorted by different algorithms. Of a repeated name the last value counts.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(200)]
    public void Properties_of_any_number_are_put_in_the_order_of_their_names(int count)
    {
        var names = Enumerable.Range(0, count).Select(i => $"p{i:000}").ToArray();
        var shuffled = names.Append(names[0]).ToArray();
        new Random(count).Shuffle(shuffled.AsSpan(0, count));
        var one = Nested(shuffled.Select((n, i) => (n, i == count ? -1 : 7)));
        var other = Nested(names.Select((n, i) => (n, i == 0 ? -1 : 7)));
        Assert.Equal(Bytes(other), Bytes(one));
    }

    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"a":2,"b":1}""")]
    [InlineData("""["a","b"]""", """["ab"]""")]
    [InlineData("""["a","b"]""", """["b","a"]""")]
    [InlineData("[1,2]", "[12]")]
    [InlineData("[[1],2]", "[[1,2]]")]
    [InlineData("10", "1")]
    [InlineData("0.1", "1")]
    [InlineData("-1", "1")]
    [InlineData("1", "\"1\"")]
    [InlineData("null", "false")]
    [InlineData("9007199254740993", "9007199254740992")]
    [InlineData("{}", "[]")]
    [InlineData("""{"a":null}""", "{}")]
    public void Different_values_have_different_bytes(string one, string other) =>
        Assert.NotEqual(Bytes(one), Bytes(other));

    [Theory]
    [InlineData(
        """{"zeta":1,"a":{"long_name":true,"b":[1e3,1.50,-0,12345678901234567890.000]},"text":"\u00e9 """
            + """\ud83d\udd25 \"quoted\" \\ \t \u001f"}"""
    )]
    [InlineData(
        """{"at":"2026-11-21T00:00:00+00:00","rate":1.7976931348623157E+308,"small":4.9E-324,"empty":{},"none":[]}"""
    )]
    public async Task A_text_keeps_its_bytes_through_jsonb(string json)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(await fixture.NewDatabaseAsync());
        await using var command = database.CreateCommand("select $1::jsonb::text");
        command.Parameters.Add(new() { Value = json });
        var stored = (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        Assert.NotEqual(json, stored);
        Assert.Equal(Bytes(json), Bytes(stored));
    }

    private static string Nested(IEnumerable<(string Name, int Value)> properties) =>
        "{\"in\":{" + string.Join(',', properties.Select(p => $"\"{p.Name}\":{p.Value}")) + "}}";

    private static byte[] Bytes(string json)
    {
        var buffer = new ByteBuffer(16);
        CanonicalJson.Write(Encoding.UTF8.GetBytes(json), buffer);
        return buffer.Written.ToArray();
    }
}
