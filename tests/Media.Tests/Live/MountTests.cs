using System.Runtime.InteropServices;
using Veza.Media.Formats;
using Veza.Media.Live;
using Veza.Media.Tests.Formats;

namespace Veza.Media.Tests.Live;

public sealed class MountTests(SoundFiles sounds)
{
    private readonly ManualTime _time = new();
    private readonly BroadcastLimits _limits = new();

    private async Task<byte[]> Opus(string name = "mount.opus") =>
        await File.ReadAllBytesAsync(
            await sounds.MakeAsync(name, 12, "-c:a", "libopus", "-b:a", "96k", "-page_duration", "200000")
        );

    private async Task<byte[]> Sound(BroadcastFormat format) =>
        format == BroadcastFormat.Ogg
            ? await Opus()
            : await File.ReadAllBytesAsync(
                await sounds.MakeAsync(
                    "mount.mp3",
                    12,
                    "-c:a",
                    "libmp3lame",
                    "-id3v2_version",
                    "0",
                    "-write_id3v1",
                    "0"
                )
            );

    private Mount NewMount(BroadcastFormat format, BroadcastLimits? limits = null) =>
        new(Guid.CreateVersion7(), format, limits ?? _limits, _time);

    private static MountSource Connect(Mount mount)
    {
        Assert.Equal(ConnectAnswer.Connected, mount.Connect(mount.Format, out var source));
        return source!;
    }

    /// <summary>Sends it in pieces at playing speed, by the mount's clock.</summary>
    private void Send(MountSource source, ReadOnlySpan<byte> bytes, double seconds, Action? afterEach = null)
    {
        var piece = (int)(bytes.Length / (seconds / 0.24)) + 1;
        while (!bytes.IsEmpty)
        {
            Assert.True(source.Write(bytes[..Math.Min(piece, bytes.Length)]));
            bytes = bytes[Math.Min(piece, bytes.Length)..];
            _time.Advance(TimeSpan.FromMilliseconds(240));
            afterEach?.Invoke();
        }
    }

    [Theory]
    [InlineData(BroadcastFormat.Ogg, "ogg")]
    [InlineData(BroadcastFormat.Mp3, "mp3")]
    public async Task A_late_joiner_gets_headers_and_a_burst_and_decodes_all_of_it(
        BroadcastFormat format,
        string demuxer
    )
    {
        var sound = await Sound(format);
        var mount = NewMount(format);
        var source = Connect(mount);
        Send(source, sound.AsSpan(0, sound.Length * 3 / 4), 9);
        using var listener = mount.Join()!;
        var burst = listener.ReadAll();
        Send(source, sound.AsSpan(sound.Length * 3 / 4), 3);
        var (errors, seconds) = await sounds.DecodeAsync((byte[])[.. burst, .. listener.ReadAll()], demuxer);
        Assert.Equal("", errors);
        // The last quarter lasts three seconds, the burst before it up to five.
        Assert.InRange(seconds, 6, 8.5);
    }

    [Fact]
    public async Task All_listeners_read_the_same_bytes_of_memory()
    {
        var mount = NewMount(BroadcastFormat.Ogg);
        using var one = mount.Join()!;
        using var other = mount.Join()!;
        Send(Connect(mount), await Opus(), 12);
        while (one.TryRead(out var mine))
        {
            Assert.True(other.TryRead(out var theirs));
            Assert.True(
                MemoryMarshal.TryGetArray(mine, out var a)
                    && MemoryMarshal.TryGetArray(theirs, out var b)
                    && a.Array == b.Array
                    && a.Offset == b.Offset
            );
        }
    }

    [Theory]
    [InlineData(BroadcastFormat.Ogg, "ogg")]
    [InlineData(BroadcastFormat.Mp3, "mp3")]
    public async Task A_slow_listener_is_cut_forward_while_another_gets_every_byte(
        BroadcastFormat format,
        string demuxer
    )
    {
        var sound = await Sound(format);
        var mount = NewMount(
            format,
            _limits with
            {
                RingSpan = TimeSpan.FromSeconds(4),
                BurstSpan = TimeSpan.FromSeconds(2),
            }
        );
        var source = Connect(mount);
        using var quick = mount.Join()!;
        using var slow = mount.Join()!;
        var heardByQuick = new MemoryStream();
        var heardBySlow = new MemoryStream();
        Send(source, sound.AsSpan(0, sound.Length / 10), 1.2, () => heardByQuick.Write(quick.ReadAll()));
        Assert.True(slow.TryRead(out var first));
        heardBySlow.Write(first.Span);
        Send(source, sound.AsSpan(sound.Length / 10), 10.8, () => heardByQuick.Write(quick.ReadAll()));
        heardBySlow.Write(slow.ReadAll());

        Assert.Equal(sound, heardByQuick.ToArray());
        Assert.Equal(0, quick.Cuts);
        Assert.Equal(1, slow.Cuts);
        Assert.Equal(1, mount.Cuts);
        Assert.InRange(heardBySlow.Length, sound.Length / 20, sound.Length / 2);
        var (_, seconds) = await sounds.DecodeAsync(heardBySlow.ToArray(), demuxer);
        Assert.True(seconds > 1, $"{seconds} s decoded");
        Assert.Equal(sound.AsSpan(sound.Length - 1000), heardBySlow.ToArray().AsSpan((int)heardBySlow.Length - 1000));
    }

    [Fact]
    public async Task However_much_is_sent_at_once_the_ring_keeps_to_its_bytes()
    {
        var sound = await Sound(BroadcastFormat.Mp3);
        var mount = NewMount(BroadcastFormat.Mp3, _limits with { RingBytesMax = 60_000, BurstBytesMax = 60_000 });
        using var listener = mount.Join()!;
        var source = Connect(mount);
        for (var i = 0; i < 20; i++)
            source.Write(sound);
        Assert.InRange(listener.ReadAll().Length, 20_000, 60_000);
    }

    [Fact]
    public async Task When_the_mount_ends_listeners_hear_what_is_there_and_are_done()
    {
        var sound = await Opus();
        var mount = NewMount(BroadcastFormat.Ogg);
        using var listener = mount.Join()!;
        var source = Connect(mount);
        source.Write(sound);
        mount.End();
        Assert.True(await listener.WaitAsync(CancellationToken.None));
        Assert.Equal(sound, listener.ReadAll());
        Assert.False(await listener.WaitAsync(CancellationToken.None));
        Assert.False(source.Write(sound));
        Assert.Null(mount.Join());
        Assert.Equal(MountEnd.Stopped, await mount.Completion);
        Assert.Equal(ConnectAnswer.Ended, mount.Connect(BroadcastFormat.Ogg, out _));
    }

    [Fact]
    public async Task One_who_waits_is_woken_by_sound_and_by_the_end()
    {
        var sound = await Opus();
        var mount = NewMount(BroadcastFormat.Ogg);
        using var listener = mount.Join()!;
        var source = Connect(mount);
        var waiting = listener.WaitAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        source.Write(sound);
        Assert.True(await waiting);
        listener.ReadAll();
        waiting = listener.WaitAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        mount.End();
        Assert.False(await waiting);
    }

    [Fact]
    public async Task One_who_waits_can_give_up()
    {
        using var gone = new CancellationTokenSource();
        using var listener = NewMount(BroadcastFormat.Ogg).Join()!;
        var waiting = listener.WaitAsync(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
    }

    [Theory]
    [InlineData(BroadcastFormat.Ogg, "ogg")]
    [InlineData(BroadcastFormat.Mp3, "mp3")]
    public async Task A_source_that_breaks_off_in_the_middle_of_a_frame_can_come_back(
        BroadcastFormat format,
        string demuxer
    )
    {
        var sound = await Sound(format);
        var mount = NewMount(format);
        using var listener = mount.Join()!;
        var source = Connect(mount);
        var heard = new MemoryStream();
        Send(source, sound.AsSpan(0, sound.Length / 2), 6, () => heard.Write(listener.ReadAll()));
        source.Dispose();
        var closing = listener.ReadAll();
        heard.Write(closing);
        // An Ogg stream ends properly, with an end-of-stream page.
        if (format == BroadcastFormat.Ogg)
            Assert.Equal((27, 4), (closing.Length, closing[5]));
        Assert.Equal(MountState.Interrupted, mount.State);
        Assert.False(source.Write(sound));
        _time.Advance(_limits.SourceGrace - TimeSpan.FromSeconds(1));

        var again = Connect(mount);
        Assert.Equal(MountState.Live, mount.State);
        _time.Advance(_limits.SourceGrace);
        Assert.Equal(MountState.Live, mount.State);
        // Another recording, because every start of an encoder gives its Ogg stream another serial number.
        Send(again, format == BroadcastFormat.Ogg ? await Opus("mount-again.opus") : sound, 12, () =>
            heard.Write(listener.ReadAll())
        );

        var (errors, seconds) = await sounds.DecodeAsync(heard.ToArray(), demuxer);
        Assert.Equal("", errors);
        Assert.InRange(seconds, 17, 19);
        Assert.Equal(0, listener.Cuts);
    }

    [Fact]
    public async Task A_source_that_does_not_come_back_ends_the_mount_after_the_grace_time()
    {
        var mount = NewMount(BroadcastFormat.Mp3);
        using var listener = mount.Join()!;
        Connect(mount).Dispose();
        var waiting = listener.WaitAsync(CancellationToken.None);
        _time.Advance(_limits.SourceGrace);
        Assert.Equal(MountEnd.SourceLost, await mount.Completion);
        Assert.True(mount.Ending.IsCancellationRequested);
        Assert.False(await waiting);
    }

    [Fact]
    public void A_second_source_and_another_format_are_refused()
    {
        var mount = NewMount(BroadcastFormat.Mp3);
        Assert.Equal(ConnectAnswer.OtherFormat, mount.Connect(BroadcastFormat.Ogg, out _));
        using var source = Connect(mount);
        Assert.Equal(ConnectAnswer.InUse, mount.Connect(BroadcastFormat.Mp3, out var second));
        Assert.Null(second);
    }

    [Fact]
    public void Listeners_are_counted_and_bounded()
    {
        var mount = NewMount(BroadcastFormat.Mp3, _limits with { ListenersPerStreamMax = 2 });
        var first = mount.Join()!;
        using var second = mount.Join();
        Assert.Null(mount.Join());
        Assert.Equal(2, mount.Listeners);
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, mount.Listeners);
        using var third = mount.Join();
        Assert.NotNull(third);
    }

    [Fact]
    public async Task The_registry_is_bounded_and_drops_mounts_that_ended()
    {
        var mounts = new Mounts(_limits with { StreamsMax = 1 }, _time);
        var id = Guid.CreateVersion7();
        var mount = mounts.Open(id, BroadcastFormat.Ogg)!;
        Assert.Same(mount, mounts.Open(id, BroadcastFormat.Ogg));
        Assert.Null(mounts.Open(Guid.CreateVersion7(), BroadcastFormat.Ogg));
        mount.End();
        await mount.Completion;
        Assert.NotSame(mount, mounts.Open(id, BroadcastFormat.Ogg));
    }

    [Fact]
    public async Task One_who_joins_where_nothing_can_be_joined_at_begins_at_the_next_join_point()
    {
        var path = await sounds.MakeAsync(
            "long-pages.opus",
            20,
            "-c:a",
            "libopus",
            "-b:a",
            "400k",
            "-vbr",
            "off",
            "-page_duration",
            "10000000"
        );
        var frames = Framing.CutAtRandom(new OggFramer(), await File.ReadAllBytesAsync(path));
        var within = Enumerable
            .Range(1, frames.Count - 1)
            .First(i => !frames[i].IsJoinPoint && frames.Skip(i).Any(f => f.IsJoinPoint));
        var mount = NewMount(BroadcastFormat.Ogg, _limits with { BurstBytesMax = 1 });
        var source = Connect(mount);
        source.Write(Framing.Sent(frames.Take(within)));
        using var listener = mount.Join()!;
        foreach (var frame in frames.Skip(within))
            source.Write(frame.Bytes.Span);
        Assert.Equal(Framing.Sent(frames.Skip(within).SkipWhile(f => !f.IsJoinPoint)), listener.ReadAll());
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(8 * 1024 * 1024)]
    public async Task Listeners_of_every_speed_hear_whole_frames_in_order_and_nothing_twice(int ringBytesMax)
    {
        // Numbered frames of 417 bytes, written at full speed into a ring bounded by its bytes or by its places.
        const int Frames = 60_003;
        var mount = NewMount(BroadcastFormat.Mp3, _limits with { RingBytesMax = ringBytesMax, BurstBytesMax = 20_000 });
        var source = Connect(mount);
        var random = new Random(Framing.NewSeed());
        var listening = Enumerable
            .Range(0, 16)
            .Select(i => (Listener: mount.Join()!, Pause: i == 0 ? 0 : random.Next(1, 3000)))
            .Select(l =>
                Task.Run(async () =>
                {
                    var (last, heard) = (-1, 0);
                    while (await l.Listener.WaitAsync(CancellationToken.None))
                    {
                        while (l.Listener.TryRead(out var bytes))
                        {
                            Assert.Equal(0, bytes.Length % 417);
                            for (var at = 0; at < bytes.Length; at += 417)
                            {
                                var number = BitConverter.ToInt32(bytes.Span[(at + 100)..]);
                                Assert.True(number > last, $"{number} after {last}");
                                if (number != last + 1)
                                    Assert.NotEqual(0, l.Listener.Cuts);
                                (last, heard) = (number, heard + 1);
                            }
                            Thread.SpinWait(l.Pause * 10);
                        }
                    }
                    return (last, heard, l.Listener.Cuts);
                })
            )
            .ToList();
        var frame = new byte[417];
        ((byte[])[0xFF, 0xFB, 0x90, 0x64]).CopyTo(frame, 0);
        for (var i = 0; i < Frames; i++)
        {
            BitConverter.TryWriteBytes(frame.AsSpan(100), i);
            source.Write(frame);
        }
        source.Dispose();
        mount.End();
        var all = await Task.WhenAll(listening);
        Assert.All(all, one => Assert.Equal(Frames - 1, one.last));
        Assert.All(all, one => Assert.Equal(one.Cuts == 0, one.heard == Frames));
        Assert.Equal(all.Sum(one => one.Cuts), mount.Cuts);
    }

    [Fact]
    public async Task Ten_thousand_who_listen_while_it_is_sent_all_hear_every_byte()
    {
        var sound = await Opus();
        var mount = NewMount(BroadcastFormat.Ogg);
        var source = Connect(mount);
        var listening = Enumerable
            .Range(0, 10_000)
            .Select(_ =>
                Task.Run(async () =>
                {
                    using var listener = mount.Join()!;
                    // Only listeners that join before the first byte must receive every byte.
                    var heard = 0L;
                    while (await listener.WaitAsync(CancellationToken.None))
                    while (listener.TryRead(out var bytes))
                        heard += bytes.Length;
                    return heard;
                })
            )
            .ToList();
        SpinWait.SpinUntil(() => mount.Listeners == 10_000);
        Send(source, sound, 12);
        mount.End();
        Assert.All(await Task.WhenAll(listening), heard => Assert.Equal(sound.Length, heard));
        Assert.Equal(0, mount.Listeners);
    }
}
