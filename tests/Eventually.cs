using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Veza.Tests;

/// <summary>Waits for a condition that comes true without the test, and fails with its text when it does not.</summary>
internal static class Eventually
{
    /// <summary>Longer than any sound condition takes on a slow machine.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    /// <param name="what">A description; by default the condition's source text.</param>
    public static Task TrueAsync(
        Func<bool> condition,
        TimeSpan? within = null,
        [CallerArgumentExpression(nameof(condition))] string what = ""
    ) => TrueAsync(() => Task.FromResult(condition()), within, what);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?, string)"/>
    public static async Task TrueAsync(
        Func<Task<bool>> condition,
        TimeSpan? within = null,
        [CallerArgumentExpression(nameof(condition))] string what = ""
    )
    {
        var limit = within ?? Limit;
        using var look = new PeriodicTimer(LookEvery);
        for (
            var waited = Stopwatch.StartNew();
            !await condition();
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken)
        )
            if (waited.Elapsed > limit)
                Assert.Fail($"not so after {limit.TotalSeconds} s: {what}");
    }
}
