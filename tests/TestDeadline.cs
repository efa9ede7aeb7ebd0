using System.Reflection;
using Xunit.v3;

[assembly: Veza.Tests.TestDeadline]

namespace Veza.Tests;

/// <summary>
/// Cancels a test that has not ended after a time no sound one needs, so that what waits for ever fails under its own
/// name and the rest goes on.
/// </summary>
/// <remarks>
/// It reaches what waits with the test's token. What waits without one is named by the runner (`--long-running`) and
/// ended with its program.
/// </remarks>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class TestDeadlineAttribute : BeforeAfterTestAttribute
{
    /// <summary>
    /// The longest test takes less than two minutes on a slow machine, and ten under <c>VEZA_FAULTS</c>.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(
        Environment.GetEnvironmentVariable("VEZA_FAULTS") is null ? 5 : 25
    );

    private readonly AsyncLocal<Timer?> _timer = new();

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        var context = TestContext.Current;
        _timer.Value = new(_ => context.CancelCurrentTest(), null, Limit, Timeout.InfiniteTimeSpan);
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test) => _timer.Value?.Dispose();
}
