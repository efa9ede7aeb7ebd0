using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Veza.Api.Configuration;

/// <summary>
/// Reads secret settings from HashiCorp Vault at the start: one secret of its key-value store, version 2, whose keys
/// are the settings' names in any case.
/// </summary>
/// <remarks>See https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version.</remarks>
internal static class VaultSecrets
{
    public const int AnswerBytesMax = 1 << 20;
    public const int AttemptsMax = 5;
    private static readonly TimeSpan AttemptWithin = TimeSpan.FromSeconds(5);

    /// <summary>Doubled after each attempt: half a minute in all, with the attempts.</summary>
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);

    /// <param name="variables">With the values of files. What is set here is not taken from Vault.</param>
    /// <param name="problem">Receives a line about what is wrong; never a value.</param>
    /// <returns>The variables, with Vault's values.</returns>
    public static IReadOnlyDictionary<string, string> Read(
        IReadOnlyDictionary<string, string> variables,
        Action<string> problem
    )
    {
        if (Given(variables, Variables.VaultAddress) is not { } address)
            return variables;
        // A wrong address or a missing path is reported with all other settings.
        if (
            Variables.VaultAddress.Read(address) is not { } server
            || Given(variables, Variables.VaultPath) is not { } path
            || Given(variables, Variables.VaultToken) is not { } token
        )
            return variables;

        var place = $"VAULT_ADDR={address} VAULT_PATH={path}";
        try
        {
            using var client = new HttpClient
            {
                Timeout = AttemptWithin,
                MaxResponseContentBufferSize = AnswerBytesMax,
            };
            var url = new Uri(server, $"/v1/{path.Trim('/')}");
            using var answer = Ask(client, url, token, Given(variables, Variables.VaultNamespace));
            if (!answer.IsSuccessStatusCode)
            {
                problem($"{place} answered {(int)answer.StatusCode} {answer.StatusCode}");
                return variables;
            }
            using var body = JsonDocument.Parse(answer.Content.ReadAsStream());
            return With(variables, body.RootElement.GetProperty("data").GetProperty("data"));
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException or IOException)
        {
            problem($"{place} could not be read in {AttemptsMax} attempts: {fault.Message}");
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            problem($"{place} did not answer as a key-value store of version 2 does; its path begins with MOUNT/data/");
        }
        return variables;
    }

    /// <summary>Also asks again when Vault is sealed, or still starting.</summary>
    private static HttpResponseMessage Ask(HttpClient client, Uri url, string token, string? space)
    {
        var wait = FirstWait;
        for (var attempt = 1; ; attempt++, wait *= 2)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, url);
                request.Headers.Add("X-Vault-Token", token);
                request.Headers.Add("X-Vault-Request", "true");
                if (space is not null)
                    request.Headers.Add("X-Vault-Namespace", space);
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
                var answer = client.Send(request, HttpCompletionOption.ResponseContentRead);
                if (attempt == AttemptsMax || answer.StatusCode < HttpStatusCode.InternalServerError)
                    return answer;
                answer.Dispose();
            }
            catch (Exception fault)
                when (attempt < AttemptsMax && fault is (HttpRequestException or TaskCanceledException))
            {
                // Asked again below; the last attempt's fault is reported.
            }
            Thread.Sleep(wait);
        }
    }

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> variables, JsonElement secret)
    {
        var all = new Dictionary<string, string>(variables);
        foreach (var entry in secret.EnumerateObject())
        {
            var variable = Variables.All.FirstOrDefault(v =>
                v.Secret && v.Name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)
            );
            if (variable is not null && Given(variables, variable) is null)
                all[variable.Name] = entry.Value.ToString();
        }
        return all;
    }

    private static string? Given(IReadOnlyDictionary<string, string> variables, Variable variable) =>
        variables.GetValueOrDefault(variable.Name) is { Length: > 0 } text ? text : null;
}
