using Veza.Media.Formats;
using Veza.Media.Live;
using Veza.Media.Tests.Formats;

namespace Veza.Media.Tests.Live;

/// <summary>Packets of any length, laid onto pages by RFC 3533, come out unchanged.</summary>
public sealed class OpusPacketsTests
{
    [Fact]
    public void Packets_within_pages_and_across_them_come_out_whole_and_in_order()
    {
        var random = new Random(Framing.NewSeed());
        var packets = Enumerable
            .Range(0, 300)
            .Select(_ =>
                Bytes(
                    random,
                    random.Next(5) switch
                    {
                        0 => 255 * random.Next(1, 6),
                        1 => random.Next(1, OpusPacket.BytesMax + 1),
                        _ => random.Next(1, 600),
                    }
                )
            )
            .ToList();
        Assert.Equal(packets, Taken(OggPages.Of(packets, segmentsPerPage: random.Next(1, 256))));
    }

    [Fact]
    public void A_packet_that_is_too_long_comes_out_empty_and_the_next_one_whole()
    {
        var random = new Random(1);
        var (long_, next) = (Bytes(random, OpusPacket.BytesMax + 1), Bytes(random, 100));
        Assert.Equal(
            [
                [],
                next,
            ],
            Taken(OggPages.Of([long_, next], segmentsPerPage: 255))
        );
        Assert.Equal(
            [
                [],
                next,
            ],
            Taken(OggPages.Of([long_, next], segmentsPerPage: 7))
        );
        Assert.Equal(
            [
                [],
                next,
            ],
            Taken(OggPages.Of([Bytes(random, 1_000_000), next], segmentsPerPage: 255))
        );
    }

    [Fact]
    public void A_packet_without_its_beginning_or_its_end_is_not_handed_out()
    {
        var random = new Random(1);
        var packets = new[] { Bytes(random, 100), Bytes(random, 2000), Bytes(random, 50) };
        var pages = OggPages.Of(packets, segmentsPerPage: 4);
        // The second packet's middle, then its end and the third.
        Assert.Equal(
            [
                [],
                packets[2],
            ],
            Taken(pages[1..])
        );
        // Its beginning, followed by a continuation of an unknown packet.
        Assert.Equal([packets[0], packets[2]], Taken([pages[0], .. OggPages.Of([packets[2]], 255)]));
    }

    [Fact]
    public void After_pages_were_left_out_nothing_that_began_is_finished()
    {
        var random = new Random(1);
        var packets = new[] { Bytes(random, 600), Bytes(random, 50) };
        var pages = OggPages.Of(packets, segmentsPerPage: 2);
        var taking = new OpusPackets();
        taking.Open(pages[0]);
        Assert.False(taking.TryTake(out _));
        taking.Reset();
        Assert.False(taking.TryTake(out _));
        taking.Open(pages[1]);
        Assert.True(taking.TryTake(out var packet));
        Assert.True(packet.IsEmpty);
        Assert.True(taking.TryTake(out packet));
        Assert.Equal(packets[1], packet.ToArray());
    }

    private static List<byte[]> Taken(IEnumerable<byte[]> pages)
    {
        var taking = new OpusPackets();
        var taken = new List<byte[]>();
        foreach (var page in pages)
        {
            taking.Open(page);
            while (taking.TryTake(out var packet))
                taken.Add(packet.ToArray());
        }
        return taken;
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
