using Veza.Commands.Music.Listening;
using Veza.Commands.Music.Tracks;
using Veza.Commands.Social.Follows;
using Veza.Commands.Social.Likes;
using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.Fixtures;

namespace Veza.Projections.Tests;

/// <summary>
/// Ana follows Bo and Cleo, who make and share music; Dora is a stranger to her. All ids are new for every test.
/// </summary>
internal sealed class SocialSetting
{
    public Guid Ana { get; } = Guid.CreateVersion7();
    public Guid Bo { get; } = Guid.CreateVersion7();
    public Guid Cleo { get; } = Guid.CreateVersion7();
    public Guid Dora { get; } = Guid.CreateVersion7();
    public Guid Session { get; } = Guid.CreateVersion7();

    /// <summary>A genre of this test only, which separates its charts from others.</summary>
    public string Genre { get; } = $"Dub {Guid.CreateVersion7():N}";

    public object[] Registered =>
        [Registration(Ana, "ana"), Registration(Bo, "bo"), Registration(Cleo, "cleo"), Registration(Dora, "dora")];

    public object[] Given(params object[] more) => [.. Registered, Follows(Ana, Bo), Follows(Ana, Cleo), .. more];

    public static FollowAccount Follows(Guid follower, Guid followee) => new(follower, followee);

    public static UnfollowAccount Unfollows(Guid follower, Guid followee) => new(follower, followee);

    public UploadTrack Uploads(Guid owner, Guid track, string title = "Ghost notes", long durationMs = 200_000) =>
        new(
            track,
            owner,
            title,
            Genre,
            null,
            31_752_044,
            new string('a', 64),
            durationMs,
            "pcm_s16le",
            44_100,
            2,
            "wav"
        );

    public static RepostTrack Reposts(Guid account, Guid track) => new(track, account);

    public static RemoveRepost TakesBack(Guid account, Guid track) => new(track, account);

    /// <summary>A play heard for long enough to count in its session.</summary>
    public static object[] Hears(Guid listener, Guid track, Guid session, Guid? play = null, int seconds = 40)
    {
        var id = play ?? Guid.CreateVersion7();
        return
        [
            new StartPlay(id, track, listener, session),
            TimeSpan.FromSeconds(seconds),
            new ReportPlay(id, listener, seconds * 1000, seconds * 1000, Ended: true),
        ];
    }

    public static Happened Announces(Guid owner, Guid broadcast, string title) =>
        Happened.To<Broadcast>(broadcast, new BroadcastCreated(broadcast, owner, title));

    public static Happened Starts(Guid owner, Guid broadcast) =>
        Happened.To<Broadcast>(broadcast, new BroadcastStarted(broadcast, owner, "audio/mpeg"));

    private static Happened Registration(Guid id, string name) =>
        Happened.To<Account>(id, new AccountRegistered(id, name, $"{id:N}@example.org", "hash"));
}
