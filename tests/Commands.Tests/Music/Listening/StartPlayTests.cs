using Veza.Domain.Music.Listening;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Music.Listening;

public class StartPlayTests(Rules rules)
{
    private readonly ListeningSetting _music = new(durationMs: 200_000);

    [Fact]
    public Task A_play_begins_with_the_length_of_the_track_and_the_time() =>
        rules
            .Given(_music.Uploaded)
            .When(_music.Started)
            .Then(
                new PlayStarted(
                    _music.Play,
                    _music.Track,
                    _music.Owner,
                    _music.Listener,
                    _music.Session,
                    200_000,
                    rules.Now
                )
            );

    [Fact]
    public Task An_unknown_track_cannot_be_played() => rules.Given().When(_music.Started).ThenRefused("track_unknown");
}
