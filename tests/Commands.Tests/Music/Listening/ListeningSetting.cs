using Veza.Commands.Music.Listening;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Music.Listening;

/// <summary>A track, its owner, a listener in a session and a play, with new ids for every test.</summary>
internal sealed class ListeningSetting(long durationMs = 200_000, string? genre = "Dub")
{
    public Guid Track { get; } = Guid.CreateVersion7();
    public Guid Owner { get; } = Guid.CreateVersion7();
    public Guid Listener { get; } = Guid.CreateVersion7();
    public Guid Session { get; } = Guid.CreateVersion7();
    public Guid Play { get; } = Guid.CreateVersion7();

    public Happened Uploaded =>
        Happened.To<Track>(
            Track,
            new TrackUploaded(
                Track,
                Owner,
                "Ghost notes",
                genre,
                null,
                1000,
                new string('0', 64),
                durationMs,
                "flac",
                44_100,
                2,
                "flac"
            )
        );
    public StartPlay Started => Start();

    public StartPlay Start(Guid? play = null, Guid? listener = null, Guid? session = null) =>
        new(play ?? Play, Track, listener ?? Listener, session ?? Session);

    public ReportPlay Report(
        long heardMs,
        long? positionMs = null,
        bool ended = false,
        Guid? play = null,
        Guid? by = null
    ) => new(play ?? Play, by ?? Listener, heardMs, positionMs ?? heardMs, ended);

    public PlayProgressed Progressed(long heardMs, bool ended = false, Guid? play = null, Guid? listener = null) =>
        new(play ?? Play, Track, listener ?? Listener, heardMs, heardMs, ended);

    public PlayCounted Counted(long heardMs, Guid? play = null, Guid? listener = null, Guid? session = null) =>
        new(play ?? Play, Track, Owner, listener ?? Listener, session ?? Session, genre, heardMs);

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
