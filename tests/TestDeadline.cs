using System.Reflection;
using Xunit.v3;

[assembly: Veza.Tests.TestDeadline]

namespace Veza.Tests;

/// <summary>
/// Cancels a test after a time that no sound test needs. A test that waits for ever fails under its own name, and the
/// rest goes on.
/// </summary>
/// <remarks>
/// It ends waits that use the test's token. The runner names tests that wait without it (<c>--long-running</c>), and
/// tests/run ends their program.
/// </remarks>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class TestDeadlineAttribute : BeforeAfterTestAttribute
{
    /// <summary>
    /// The longest test takes less than two minutes on a slow machine, ten under <c>VEZA_FAULTS</c>, and thirty under
    /// <c>VEZA_REHEARSE</c>, where it boots hosts.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(Minutes());

    private readonly AsyncLocal<Timer?> _timer = new();

    private static int Minutes()
    {
        if (Environment.GetEnvironmentVariable("VEZA_REHEARSE") is not null)
            return 90;
        return Environment.GetEnvironmentVariable("VEZA_FAULTS") is not null ? 25 : 5;
    }

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        var context = TestContext.Current;
        _timer.Value = new(_ => context.CancelCurrentTest(), null, Limit, Timeout.InfiniteTimeSpan);
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test) => _timer.Value?.Dispose();
}
