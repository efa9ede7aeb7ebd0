namespace Veza.Media.Tests;

public sealed class ObjectStreamTests
{
    private const int Window = ObjectStream.WindowBytes;

    private static readonly byte[] Bytes = Enumerable
        .Range(0, 2 * Window + 1000)
        .Select(i => (byte)(i * 7 / 3))
        .ToArray();

    private readonly List<(long From, long To)> _asked = [];
    private readonly List<RangeOfBytes> _opened = [];

    [Fact]
    public async Task It_is_read_a_window_at_a_time()
    {
        using var stream = Open(_ => long.MaxValue);
        Assert.Equal(Bytes, await ReadAsync(stream));
        Assert.Equal([(0, Window - 1), (Window, 2 * Window - 1), (2 * Window, Bytes.Length - 1)], _asked);
        Assert.All(_opened, window => Assert.True(window.IsClosed));
    }

    [Fact]
    public async Task It_is_read_from_where_one_seeks_and_what_is_left_of_a_window_is_given_up()
    {
        using var stream = Open(_ => long.MaxValue);
        await stream.ReadExactlyAsync(new byte[10], TestContext.Current.CancellationToken);
        Assert.Equal(Bytes.Length - 5, stream.Seek(-5, SeekOrigin.End));
        Assert.True(_opened[0].IsClosed);
        Assert.Equal(Bytes[^5..], await ReadAsync(stream));
        Assert.Equal([(0, Window - 1), (Bytes.Length - 5, Bytes.Length - 1)], _asked);
    }

    [Fact]
    public async Task A_read_that_breaks_off_resumes_where_it_broke()
    {
        // Each window breaks once, at its hundredth byte.
        using var stream = Open(opened => opened % 2 == 0 ? 100 : long.MaxValue);
        Assert.Equal(Bytes, await ReadAsync(stream));
        Assert.Equal(100, _asked[1].From);
    }

    [Fact]
    public async Task A_read_that_breaks_off_repeatedly_is_a_fault_of_the_storage()
    {
        using var stream = Open(_ => 100);
        await Assert.ThrowsAsync<MediaStorageException>(() => ReadAsync(stream));
        Assert.Equal(1 + ObjectStream.BreaksMax, _asked.Count);
        Assert.All(_opened, window => Assert.True(window.IsClosed));
    }

    /// <param name="breaksAfter">For each window in order of opening, the bytes after which it breaks off.</param>
    private ObjectStream Open(Func<int, long> breaksAfter) => new(Bytes.Length, (from, to, _) =>
        {
            _asked.Add((from, to));
            _opened.Add(new(Bytes[(int)from..((int)to + 1)], breaksAfter(_opened.Count)));
            return Task.FromResult<Stream>(_opened[^1]);
        });

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, TestContext.Current.CancellationToken);
        return all.ToArray();
    }

    private sealed class RangeOfBytes(byte[] bytes, long breaksAfter) : MemoryStream(bytes)
    {
        public bool IsClosed { get; private set; }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (Position >= breaksAfter)
                throw new IOException("the connection was reset");
            var most = (int)Math.Min(buffer.Length, breaksAfter - Position);
            return await base.ReadAsync(buffer[..most], cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            IsClosed = true;
            base.Dispose(disposing);
        }
    }
}
