using Microsoft.Extensions.Time.Testing;

namespace Veza.Tests;

/// <summary>A clock that advances only on request, and then fires the timers that are due.</summary>
internal sealed class ManualTime() : FakeTimeProvider(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
