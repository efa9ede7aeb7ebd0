using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Configuration;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Checks access tokens against npm's jose both ways: jose verifies our tokens by the published keys, and we accept
/// exactly the valid ones among its tokens.
/// </summary>
public class JoseTests(VezaServer veza)
{
    private static readonly TimeSpan NodeMax = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Another_implementation_agrees_about_every_token()
    {
        var ada = await veza.RegisterAsync("ada");
        var claims = JsonSerializer.Deserialize<JsonElement>(Base64Url.DecodeFromChars(ada.AccessToken!.Split('.')[1]));
        var said = await RunAsync(
            JsonSerializer.Serialize(
                new
                {
                    jwks = $"{veza.Address}/.well-known/jwks.json",
                    secret = veza.Running.App.Services.GetRequiredService<VezaSettings>().JwtSecret,
                    token = ada.AccessToken,
                    claims,
                }
            )
        );

        Assert.True(JsonElement.DeepEquals(claims, said.GetProperty("opened")));
        Assert.Equal(ada.Id, said.GetProperty("opened").GetProperty("sub").GetGuid());
        var refused = said.GetProperty("refused");
        Assert.Equal("ERR_JWS_SIGNATURE_VERIFICATION_FAILED", refused.GetProperty("tampered").GetString());
        Assert.Equal("ERR_JWT_CLAIM_VALIDATION_FAILED", refused.GetProperty("audience").GetString());
        Assert.Equal("ERR_JOSE_ALG_NOT_ALLOWED", refused.GetProperty("algorithm").GetString());

        var made = said.GetProperty("made").EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!);
        Assert.Equal(ada.Id, (await As(made["good"]).GetAsync("/api/v1/accounts/me").JsonAsync()).Id());
        Assert.Equal(12, made.Count);
        foreach (var (what, token) in made.Where(m => m.Key != "good"))
        {
            using var answer = await As(token).GetAsync("/api/v1/accounts/me");
            Assert.True(
                answer.StatusCode == HttpStatusCode.Unauthorized,
                $"a token {what} was answered {(int)answer.StatusCode}"
            );
        }
    }

    private Person As(string token) => new(veza, Guid.Empty, "", token);

    private static async Task<JsonElement> RunAsync(string input)
    {
        var folder = Path.Combine(Root(), "tests/Integration.Tests/Security/jose");
        using (var install = Process.Start(Path.Combine(folder, "install")))
        {
            await install.WaitForExitAsync().WaitAsync(NodeMax);
            Assert.Equal(0, install.ExitCode);
        }
        using var node = Process.Start(
            new ProcessStartInfo("node", [Path.Combine(folder, "tokens.mjs")])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        await node.StandardInput.WriteAsync(input);
        node.StandardInput.Close();
        await node.WaitForExitAsync().WaitAsync(NodeMax);
        Assert.True(node.ExitCode == 0, await errors);
        return JsonSerializer.Deserialize<JsonElement>(await output);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
