using Veza.EventStore.Events;

namespace Veza.EventStore.Tests.Events;

public class DerivedIdTests
{
    [Fact]
    public void The_same_bytes_always_give_the_same_id() =>
        // The first half of the SHA-256 of "abc" (FIPS 180-2, B.1): ba7816bf-8f01-cfea-4141-40de5dae2223.
        Assert.Equal(new Guid("ba7816bf-8f01-8fea-8141-40de5dae2223"), DerivedId.Of("abc"u8));

    [Fact]
    public void Its_version_is_8() => Assert.Equal(8, DerivedId.Of("abc"u8).Version);
}
