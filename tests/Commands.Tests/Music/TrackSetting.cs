using Veza.Commands.Music.Tracks;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Tests.Music;

/// <summary>A track of three minutes, its owner and a listener, with new ids for every test.</summary>
internal sealed class TrackSetting
{
    public const long DurationMs = 180_000;

    public Guid Track { get; } = Guid.CreateVersion7();
    public Guid Owner { get; } = Guid.CreateVersion7();
    public Guid Listener { get; } = Guid.CreateVersion7();

    public UploadTrack Uploaded =>
        new(
            Track,
            Owner,
            "Nightbus",
            "Ambient",
            "Recorded on line 7.",
            31_752_044,
            new string('a', 64),
            DurationMs,
            "pcm_s16le",
            44_100,
            2,
            "wav"
        );
    public StorageReserved Reserved => new(Owner, Track, Uploaded.Bytes, CopiesBytes: 7_200_000);
    public CompleteTrackProcessing Completed =>
        new(Track, [new Rendition("opus", 128, 2_880_000), new Rendition("mp3", 192, 4_320_000)]);
    public FailTrackProcessing Failed => new(Track, "Making the Opus copy failed.");
}
