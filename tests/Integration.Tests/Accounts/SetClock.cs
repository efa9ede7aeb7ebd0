using Microsoft.Extensions.Time.Testing;

namespace Veza.Integration.Tests.Accounts;

/// <summary>A clock that stands still at the given time, which may move backwards. It fires no timer.</summary>
internal sealed class SetClock(DateTimeOffset now) : FakeTimeProvider(now)
{
    public DateTimeOffset Now
    {
        get => GetUtcNow();
        set => AdjustTime(value);
    }
}
