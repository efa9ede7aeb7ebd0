using System.Globalization;
using System.Net;
using System.Text.Json;
using Alba;
using Microsoft.AspNetCore.Http;

namespace Veza.Integration.Tests;

/// <summary>What Veza's requests and refusals have beyond HTTP's own.</summary>
internal static class Scenarios
{
    public static void IdempotencyKey(this Scenario scenario, string key) =>
        scenario.WithRequestHeader("Idempotency-Key", key);

    /// <param name="version">Of what is changed, as its caller knows it.</param>
    public static void IfMatch(this Scenario scenario, long version) =>
        scenario.WithRequestHeader("If-Match", $"\"{version}\"");

    /// <summary>A read waits for what is at this position; a write need not.</summary>
    public static void SeesUpTo(this Scenario scenario, long position) =>
        scenario.ConfigureHttpContext(http =>
        {
            if (!HttpMethods.IsGet(http.Request.Method) || position == 0)
                return;
            http.Request.Headers.TryAdd("Veza-After", position.ToString(CultureInfo.InvariantCulture));
        });

    /// <summary>The answer is a problem of this status and code.</summary>
    /// <param name="field">One that it names as wrong.</param>
    /// <param name="detail">Said in its detail.</param>
    /// <param name="more">What else must be so of it; a scenario's answer can be read once.</param>
    public static void ShouldBeRefused(
        this Scenario scenario,
        HttpStatusCode status,
        string code,
        string? field = null,
        string? detail = null,
        Action<JsonElement>? more = null
    )
    {
        scenario.StatusCodeShouldBe(status);
        scenario.ContentTypeShouldBe("application/problem+json");
        scenario.AssertThat(
            new IsProblem(problem =>
            {
                Assert.Equal($"/problems/{code}", problem.GetProperty("type").GetString());
                Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
                if (field is not null)
                    Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), $"{problem}");
                if (detail is not null)
                    Assert.Contains(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
                more?.Invoke(problem);
            })
        );
    }

    /// <returns>The position that the answer says; null when it says none.</returns>
    public static long? Position(this IHeaderDictionary headers) =>
        long.TryParse(headers["Veza-Position"], CultureInfo.InvariantCulture, out var position) ? position : null;

    /// <summary>The answer's JSON.</summary>
    public static async Task<JsonElement> JsonAsync(this Task<IScenarioResult> result) =>
        await (await result).ReadAsJsonAsync<JsonElement>();

    private sealed class IsProblem(Action<JsonElement> check) : IScenarioAssertion
    {
        void IScenarioAssertion.Assert(Scenario scenario, AssertionContext context)
        {
            var body = context.ReadBodyAsString();
            try
            {
                check(JsonSerializer.Deserialize<JsonElement>(body));
            }
            catch (Exception fault) when (fault is JsonException or KeyNotFoundException)
            {
                context.AddFailure($"expected a problem, and was answered {body}");
            }
        }
    }
}
