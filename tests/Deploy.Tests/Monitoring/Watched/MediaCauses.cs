using System.Buffers.Binary;
using System.Text;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>Uploads, copies and broadcasts.</summary>
internal static class MediaCauses
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LiveMax = TimeSpan.FromSeconds(30);

    public static readonly IReadOnlyList<Cause> All =
    [
        new("the disk of the sound is small", ["DiskReserveNear"], Causes.Nothing) { IsLasting = true },
        new("the disk of the sound is full", ["StorageFull"], FullDiskAsync),
        new("ffmpeg fails", ["TranscodesFail"], BrokenFfmpegAsync),
        new("a broadcast's source loses power", ["BroadcastSourceLost"], LostSourceAsync),
    ];

    private static async Task<IAsyncDisposable> FullDiskAsync(WatchedHosts hosts)
    {
        hosts.Media.Fill();
        var uploading = await UploadingAsync(hosts);
        return new Healing(async () =>
        {
            await uploading.DisposeAsync();
            hosts.Media.Free();
        });
    }

    private static async Task<IAsyncDisposable> BrokenFfmpegAsync(WatchedHosts hosts)
    {
        await File.WriteAllTextAsync(hosts.FfmpegFails, "");
        var uploading = await UploadingAsync(hosts);
        return new Healing(async () =>
        {
            await uploading.DisposeAsync();
            File.Delete(hosts.FfmpegFails);
        });
    }

    private static async Task<IAsyncDisposable> LostSourceAsync(WatchedHosts hosts)
    {
        using var artist = await Visitor.RegisterAsync(hosts.Node1.Address);
        var url = await artist.MakeBroadcastAsync();
        var source = new Daemon(
            "source",
            hosts.Folder,
            [
                .. "ffmpeg -v error -re -f lavfi -i sine=frequency=440:duration=600 -c:a libopus".Split(' '),
                .. "-content_type application/ogg -f ogg".Split(' '),
                url,
            ]
        );
        await source.StartAsync();
        await Eventually.TrueAsync(
            async () => await hosts.CountAsync("veza_broadcasts_mounts > 0") > 0,
            LiveMax,
            "the broadcast is live"
        );
        await source.KillAsync();
        return source;
    }

    private static async Task<IAsyncDisposable> UploadingAsync(WatchedHosts hosts)
    {
        var artist = await Visitor.RegisterAsync(hosts.Node1.Address);
        var tone = Tone();
        var uploading = Repetition.Of(ct => artist.UploadAsync(tone, ct), Often);
        return new Healing(async () =>
        {
            await uploading.DisposeAsync();
            artist.Dispose();
        });
    }

    /// <returns>Two seconds of 440 Hz as WAV.</returns>
    private static byte[] Tone()
    {
        const int Rate = 44_100;
        var samples = new byte[2 * 2 * Rate];
        for (var i = 0; i < samples.Length / 2; i++)
            BinaryPrimitives.WriteInt16LittleEndian(
                samples.AsSpan(2 * i),
                (short)(8000 * Math.Sin(2 * Math.PI * 440 * i / Rate))
            );
        using var file = new MemoryStream();
        using (var writer = new BinaryWriter(file, Encoding.ASCII, leaveOpen: true))
        {
            writer.Write("RIFF"u8);
            writer.Write(36 + samples.Length);
            writer.Write("WAVEfmt "u8);
            writer.Write(16);
            writer.Write((short)1);
            writer.Write((short)1);
            writer.Write(Rate);
            writer.Write(2 * Rate);
            writer.Write((short)2);
            writer.Write((short)16);
            writer.Write("data"u8);
            writer.Write(samples.Length);
            writer.Write(samples);
        }
        return file.ToArray();
    }
}
