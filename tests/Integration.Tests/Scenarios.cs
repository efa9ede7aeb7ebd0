using System.Globalization;
using System.Net;
using System.Text.Json;
using Alba;
using Microsoft.AspNetCore.Http;

namespace Veza.Integration.Tests;

/// <summary>The parts of Veza's requests and refusals beyond plain HTTP.</summary>
internal static class Scenarios
{
    public static void IdempotencyKey(this Scenario scenario, string key) =>
        scenario.WithRequestHeader("Idempotency-Key", key);

    /// <param name="version">The version of the changed thing that its caller saw.</param>
    public static void IfMatch(this Scenario scenario, long version) =>
        scenario.WithRequestHeader("If-Match", $"\"{version}\"");

    /// <summary>Makes a read wait for this position; a write need not.</summary>
    public static void SeesUpTo(this Scenario scenario, long position) =>
        scenario.ConfigureHttpContext(http =>
        {
            if (!HttpMethods.IsGet(http.Request.Method) || position == 0)
                return;
            http.Request.Headers.TryAdd("Veza-After", position.ToString(CultureInfo.InvariantCulture));
        });

    /// <summary>Asserts that the answer is a problem of this status and code.</summary>
    /// <param name="field">A field that the problem names.</param>
    /// <param name="detail">A text in its detail.</param>
    /// <param name="more">A further check of the problem, because a scenario's answer can be read only once.</param>
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

    /// <returns>The position in the answer; null without one.</returns>
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
