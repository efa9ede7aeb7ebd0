namespace Veza.EventStore.Projections;

/// <summary>
/// A Bloom filter over the hashes of written keys: a key that it does not have was never written. It may have some that
/// were not written either.
/// </summary>
internal sealed class BloomFilter
{
    /// <summary>8 MiB: with 5 million keys some 1 in 100 others is looked up in vain, with 20 million 20.</summary>
    private const int Bits = 1 << 26;

    // Allocated by the first write: many builds write nothing.
    private ulong[]? _bits;

    public void Add(int hash)
    {
        _bits ??= new ulong[Bits / 64];
        foreach (var bit in (ReadOnlySpan<int>)[First(hash), Second(hash), Third(hash)])
            _bits[bit >> 6] |= 1UL << (bit & 63);
    }

    public bool MayHave(int hash) => _bits is not null && Has(First(hash)) && Has(Second(hash)) && Has(Third(hash));

    private bool Has(int bit) => (_bits![bit >> 6] & (1UL << (bit & 63))) != 0;

    private static int First(int hash) => (int)(Mixed(hash) & (Bits - 1));

    private static int Second(int hash) => (int)((Mixed(hash) >> 20) & (Bits - 1));

    private static int Third(int hash) => (int)((Mixed(hash) >> 39) & (Bits - 1));

    private static ulong Mixed(int hash)
    {
        var x = (uint)hash * 0x9E3779B97F4A7C15UL;
        x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93UL;
        return x ^ (x >> 32);
    }
}
