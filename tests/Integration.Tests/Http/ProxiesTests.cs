using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Veza.Api.Configuration;
using Veza.Api.Http;

namespace Veza.Integration.Tests.Http;

public class ProxiesTests
{
    [Theory]
    [InlineData("", "203.0.113.9", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "203.0.113.9", "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1,10.0.0.0/8", "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9")]
    [InlineData("127.0.0.1", "nonsense", "127.0.0.1")]
    [InlineData("127.0.0.1", "2001:db8::1", "2001:db8::1")]
    public async Task Only_a_trusted_proxy_says_who_calls_and_only_as_far_as_proxies_are_trusted(
        string trusted,
        string forwarded,
        string expected
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.UseTrustedProxies(
            VezaServer.Settings(
                Path.GetTempPath(),
                ("TRUSTED_PROXIES", trusted),
                ("JWT_SECRET", Secret('j')),
                ("ENCRYPTION_KEY", Secret('e'))
            )
        );
        app.Run(http => http.Response.WriteAsync(http.Connection.RemoteIpAddress!.ToString()));
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = new HttpClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", forwarded);
        Assert.Equal(expected, await client.GetStringAsync(app.Urls.Single(), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("192.0.2.1", "192.0.2.1/32")]
    [InlineData("2001:db8::1", "2001:db8::1/128")]
    [InlineData("10.0.0.1/8", "10.0.0.0/8")]
    [InlineData("example.org", null)]
    public void A_proxy_is_an_address_or_a_network(string text, string? network) =>
        Assert.Equal(network, Kinds.Network(text)?.ToString());

    private static string Secret(char of) => $"{of}0123456789abcdefghijklmnopqrstuvwxyz";
}
