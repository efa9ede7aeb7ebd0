using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// A signed-in caller sends malformed requests to every endpoint. Each is refused with a problem that the caller can
/// understand, and none is a fault.
/// </summary>
public class MalformedRequestTests(VezaServer veza)
{
    /// <summary>
    /// Bodies that are not JSON, and JSON of another shape. <c>FIELD</c> is replaced by each field of the endpoint's
    /// example.
    /// </summary>
    private static readonly Dictionary<string, byte[]> Bodies = new()
    {
        ["deep"] = Ascii(new string('[', 20_000)),
        ["deep objects"] = Ascii(string.Concat(Enumerable.Repeat("{\"a\":", 5_000))),
        ["cut"] = Ascii("{\"FIELD\":"),
        ["of another kind"] = Ascii("{\"FIELD\":{\"a\":[1,2,{}]}}"),
        ["a number without end"] = Ascii("{\"FIELD\":1e999999999}"),
        ["a number of 5,000 digits"] = Ascii("{\"FIELD\":" + new string('9', 5_000) + "}"),
        ["a fraction"] = Ascii("{\"FIELD\":-0.1}"),
        ["no number"] = Ascii("{\"FIELD\":NaN}"),
        ["given twice"] = Ascii("{\"FIELD\":null,\"FIELD\":\"x\",\"field\":7}"),
        ["invalid UTF-8"] = [.. "{\"FIELD\":\""u8, 0xC3, 0x28, 0xFF, .. "\"}"u8],
        ["overlong UTF-8"] = [.. "{\"FIELD\":\""u8, 0xC0, 0xAF, .. "\"}"u8],
        ["an invalid name"] = [.. "{\""u8, 0xED, 0xA0, 0x80, .. "\":1}"u8],
        ["a lone surrogate"] = Ascii("{\"FIELD\":\"\\ud800\"}"),
        ["a surrogate's other half"] = Ascii("{\"FIELD\":\"a\\udfff\\ud83d\"}"),
        ["U+0000"] = Ascii("{\"FIELD\":\"a\\u0000b\"}"),
        ["control characters"] = Ascii("{\"FIELD\":\"\\r\\nX-Injected: 1\\u001b[2J\\u2028\"}"),
        ["a list of nothing"] = Ascii("{\"FIELD\":[null,null]}"),
        ["null"] = Ascii("{\"FIELD\":null}"),
        ["empty"] = Ascii("{\"FIELD\":\"\"}"),
        ["UTF-16"] = Encoding.Unicode.GetBytes("{\"a\":1}"),
        ["nothing"] = [],
    };

    private static readonly string[] Queries =
    [
        "limit=-1",
        "limit=99999999999999999999",
        "limit=%00",
        "limit=1e3",
        "before=-9223372036854775809",
        "before=-1",
        "after=9223372036854775807",
        "after=%FF%FE",
        "around=..%2F..",
        "asOf=0",
        "asOf=99999999999999",
        "asOf=2026-13-45T99:99:99Z",
        "asOf=%00",
        "since=%00&until=x",
        "since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z",
        "genre=%00",
        "genre=%ED%A0%80",
        "limit=1&limit=2&limit=x",
        "topics=%00,channel:&after=-1",
        "types=%00&stream=x",
        "format=..%2F..%2Fetc%2Fpasswd",
        "span=%00",
        "%00=%00&=&&",
        "limit=%",
    ];

    private static readonly (string Name, string Value)[] Headers =
    [
        ("Veza-After", "-1"),
        ("Veza-After", "9999999999999999999999"),
        ("Veza-After", "٣"),
        ("If-Match", "\"x\""),
        ("If-Match", "W/\"9999999999999999999999\""),
        ("If-Match", "\"-1\""),
        ("Idempotency-Key", new string('k', 201)),
        ("Idempotency-Key", ""),
        ("Range", "bytes=99-1,,-,0-0"),
        ("Last-Event-ID", ":::-1"),
        ("Last-Event-ID", "x:99999999999999999999"),
        ("Accept-Encoding", "\u0001"),
        ("X-Forwarded-For", "x, 1.2.3.4.5, ::ffff:999.1.1.1, [::]"),
        ("traceparent", "00-x-y-z"),
        ("Cookie", "a=b; ;;=\u0002"),
    ];

    private IEnumerable<(string Method, RouteEndpoint Endpoint)> Endpoints =>
        veza
            .Running.App.Services.GetRequiredService<EndpointDataSource>()
            .Endpoints.OfType<RouteEndpoint>()
            // Signing out would end the test of the other endpoints.
            .Where(e =>
                !e.RoutePattern.RawText!.Contains("sessions", StringComparison.Ordinal)
                || e.Metadata.GetMetadata<IAcceptsMetadata>() is not null
            )
            .SelectMany(e =>
                (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(m => (m, e))
            );

    [Fact]
    public async Task No_body_is_a_fault()
    {
        var eve = await veza.RegisterAsync("eve");
        var tried = 0;
        foreach (var (method, endpoint) in Endpoints)
        {
            if (endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not { RequestType: { } type } accepts)
                continue;
            var fields = type.GetProperties()
                .Select(p => char.ToLowerInvariant(p.Name[0]) + p.Name[1..])
                .DefaultIfEmpty("a")
                .ToArray();
            foreach (var (name, body) in Bodies)
            {
                var text = Encoding.Latin1.GetString(body);
                foreach (
                    var sent in text.Contains("FIELD", StringComparison.Ordinal)
                        ? fields.Select(f => text.Replace("FIELD", f, StringComparison.Ordinal))
                        : [text]
                )
                {
                    using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(sent));
                    content.Headers.ContentType = MediaTypeHeaderValue.Parse(
                        accepts.ContentTypes[0]
                            + (
                                accepts.ContentTypes[0].StartsWith("multipart", StringComparison.Ordinal)
                                    ? "; boundary=x"
                                    : ""
                            )
                    );
                    await NoFaultAsync(
                        await eve.SendAsync(new(method), PathOf(endpoint), content, Elsewhere),
                        $"{method} {endpoint.RoutePattern.RawText} with a body that is {name}: "
                            + $"{sent[..Math.Min(80, sent.Length)]}"
                    );
                    tried++;
                }
            }
        }
        Assert.True(tried > 400, $"only {tried} bodies were tried");
    }

    /// <summary>Headers about a body, besides the type that the endpoint takes: <c>TYPE</c>.</summary>
    private static readonly string[] ContentTypes =
    [
        "TYPE; charset=bogus",
        "TYPE; charset=utf-7",
        "TYPE; charset=utf-16",
        "TYPE; charset=\"utf-32\"",
        "TYPE; charset=",
        "TYPE; charset=\"\"",
        "TYPE; charset=utf-8; charset=bogus",
        "TYPE; charset=bogus; charset=utf-8",
        $"TYPE; charset={new string('u', 5_000)}",
        "TYPE; charset=x-user-defined",
        "TYPE; charset=\"utf-8",
        "TYPE; charset=%00",
        "TYPE;charset=UTF-8 ;",
        "TYPE;;;",
        "TYPE; charset=\"utf-8\"",
        "TYPE; x; charset=\"UTF-8\"; charset=\"utf-8\"",
        "TYPE; boundary=",
        "TYPE; boundary=\"\"",
        $"TYPE; boundary={new string('b', 7_000)}",
        $"TYPE; boundary={new string('b', 71)}",
        "TYPE; boundary=\"a b\"",
        "TYPE; boundary=a; boundary=b",
        "TYPE; boundary=\"\\\"\"",
        "TYPE, TYPE",
        "TYPE; q=0",
        "*/*",
        "application/*",
        "application/*+json",
        "application/x+json; charset=bogus",
        "text/json; charset=bogus",
        "/",
        "",
        "json",
        new string('j', 7_000),
        "TYPE; a=\u00e4",
        "TYPE\t; charset\t=\tbogus",
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-7",
    ];

    [Fact]
    public async Task No_content_type_is_a_fault()
    {
        var eve = await veza.RegisterAsync("eve");
        var tried = 0;
        foreach (var (method, endpoint) in Endpoints)
        {
            if (endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not { } accepts)
                continue;
            foreach (
                var type in ContentTypes.Select(t =>
                    t.Replace("TYPE", accepts.ContentTypes[0], StringComparison.Ordinal)
                )
            )
            {
                using var content = new ByteArrayContent("{}"u8.ToArray());
                content.Headers.TryAddWithoutValidation("Content-Type", type);
                HttpResponseMessage answer;
                // The HTTP client refuses to send some of them.
                try
                {
                    answer = await eve.SendAsync(new(method), PathOf(endpoint), content, Elsewhere);
                }
                catch (HttpRequestException)
                {
                    continue;
                }
                var said =
                    $"{method} {endpoint.RoutePattern.RawText} with Content-Type {type[..Math.Min(80, type.Length)]}";
                if (
                    type.Contains("charset=bogus", StringComparison.Ordinal)
                        && !type.Contains("=utf-8", StringComparison.Ordinal)
                    || type.Length > 5_000
                )
                    Assert.True(
                        answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnsupportedMediaType,
                        $"{said} answered {(int)answer.StatusCode}"
                    );
                if ((int)answer.StatusCode >= 400)
                    Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
                await NoFaultAsync(answer, said);
                tried++;
            }
        }
        Assert.True(tried > 400, $"only {tried} content types were tried");
    }

    [Fact]
    public async Task No_query_is_a_fault()
    {
        var eve = await veza.RegisterAsync("eve");
        var analyst = await veza.OperatorAsync();
        foreach (var (method, endpoint) in Endpoints.Where(e => e.Method is "GET"))
        foreach (var query in Queries)
            await NoFaultAsync(
                await (PathOf(endpoint).Contains("/log", StringComparison.Ordinal) ? analyst : eve).SendAsync(
                    HttpMethod.Get,
                    $"{PathOf(endpoint)}?{query}",
                    null
                ),
                $"{method} {endpoint.RoutePattern.RawText}?{query}"
            );
    }

    [Fact]
    public async Task No_header_is_a_fault()
    {
        var eve = await veza.RegisterAsync("eve");
        foreach (var (method, endpoint) in Endpoints)
        foreach (var header in Headers)
        {
            using var content = method is "GET" or "HEAD" or "DELETE"
                ? null
                : new StringContent("{}", Encoding.UTF8, "application/json");
            HttpResponseMessage answer;
            // The HTTP client refuses to send some of them.
            try
            {
                answer = await eve.SendAsync(new(method), PathOf(endpoint), content, Elsewhere, header);
            }
            catch (Exception e) when (e is HttpRequestException or FormatException)
            {
                continue;
            }
            await NoFaultAsync(answer, $"{method} {endpoint.RoutePattern.RawText} with {header}");
        }
    }

    [Theory]
    [InlineData("a header of 100 kB", "GET /api/v1/feed HTTP/1.1\r\nHost: x\r\nX-Long: {0}\r\n\r\n", 100_000, 431)]
    [InlineData("a line of 100 kB", "GET /api/v1/feed?{0} HTTP/1.1\r\nHost: x\r\n\r\n", 100_000, 414)]
    [InlineData("no host", "GET /api/v1/feed HTTP/1.1\r\n\r\n", 0, 400)]
    [InlineData(
        "two lengths",
        "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        0,
        400
    )]
    [InlineData("a negative length", "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 0, 400)]
    [InlineData(
        "an unknown coding",
        "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        0,
        400
    )]
    [InlineData(
        "a chunk whose size no number holds",
        "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + "Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
        0,
        400
    )]
    [InlineData("a space before the colon", "GET /api/v1/feed HTTP/1.1\r\nHost: x\r\nX-A : 1\r\n\r\n", 0, 400)]
    [InlineData("a folded header", "GET /api/v1/feed HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n", 0, 400)]
    [InlineData("U+0000 in a header", "GET /api/v1/feed HTTP/1.1\r\nHost: x\r\nX-A: \0\r\n\r\n", 0, 400)]
    [InlineData("U+0000 in the path", "GET /api/v1/\0 HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400)]
    [InlineData("another version", "GET /api/v1/feed HTTP/9.9\r\nHost: x\r\n\r\n", 0, 505)]
    public async Task Bytes_other_than_HTTP_are_refused_with_a_status(string what, string head, int filling, int status)
    {
        var answer = await RawHttp.AskAsync(
            veza.Address,
            head.Replace("{0}", new string('a', filling), StringComparison.Ordinal)
        );
        Assert.True(RawHttp.StatusOf(answer) == status, $"{what} was answered: {answer}");
    }

    [Fact]
    public async Task A_length_beside_chunks_smuggles_no_second_request()
    {
        var answer = await RawHttp.AskAsync(
            veza.Address,
            "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + "Content-Length: 60\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                + "0\r\n\r\nGET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        Assert.DoesNotContain("\"keys\"", answer, StringComparison.Ordinal);
        Assert.InRange(RawHttp.StatusOf(answer), 400, 499);
    }

    /// <summary>Some are failed sign-ins, so each request has its own address for the throttle.</summary>
    private static (string Name, string Value) Elsewhere =>
        ("X-Forwarded-For", new IPAddress(Guid.CreateVersion7().ToByteArray()).ToString());

    private static string PathOf(RouteEndpoint endpoint) =>
        "/"
        + Regex.Replace(endpoint.RoutePattern.RawText!.Trim('/'), @"\{[^}]*\}", m =>
            m.Value.Contains("guid", StringComparison.Ordinal) ? "0198f5c0-0000-7000-8000-000000000000" : "x"
        );

    private static async Task NoFaultAsync(HttpResponseMessage answer, string what)
    {
        using (answer)
        {
            // 503 is a correct answer of a read model that cannot reach the position.
            if (answer.StatusCode is not HttpStatusCode.ServiceUnavailable && (int)answer.StatusCode >= 500)
                Assert.Fail($"{what} answered {(int)answer.StatusCode}");
            if ((int)answer.StatusCode < 400)
                return;
            var text = await answer.Content.ReadAsStringAsync();
            Assert.DoesNotContain("Veza.", text, StringComparison.Ordinal);
            Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Npgsql", text, StringComparison.Ordinal);
        }
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
