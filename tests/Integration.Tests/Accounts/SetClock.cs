using Microsoft.Extensions.Time.Testing;

namespace Veza.Integration.Tests.Accounts;

/// <summary>A clock that stands where it is put, also in its own past; it fires no timer.</summary>
internal sealed class SetClock(DateTimeOffset now) : FakeTimeProvider(now)
{
    public DateTimeOffset Now
    {
        get => GetUtcNow();
        set => AdjustTime(value);
    }
}
