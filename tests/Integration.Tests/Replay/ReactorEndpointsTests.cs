using System.Net;
using Veza.Reactors.Running;

namespace Veza.Integration.Tests.Replay;

public class ReactorEndpointsTests(VezaServer veza)
{
    private const string ProcessTrack = "music.process_track.v1";

    [Fact]
    public async Task Operators_see_how_far_every_reactor_and_the_queue_of_commands_are()
    {
        var @operator = await veza.OperatorAsync();
        await Eventually.TrueAsync(
            async () =>
                (await ListAsync(@operator)).All(reactor => reactor.GetProperty("state").GetString() == "running"),
            what: "every reactor runs"
        );
        var reactors = await ListAsync(@operator);
        Assert.Equal(
            WolverineReactors.All.Select(reactor => reactor.Name).Append("commands").Order(StringComparer.Ordinal),
            reactors.Select(reactor => reactor.GetProperty("name").GetString())
        );
        Assert.All(reactors, reactor => Assert.Equal(0, reactor.GetProperty("dead").GetInt64()));
        await (await veza.SharedAsync("member"))
            .GetAsync("/api/v1/reactors")
            .RefusedAsync(HttpStatusCode.Forbidden, "not_allowed");
    }

    [Theory]
    [InlineData("retry")]
    [InlineData("skip")]
    public async Task There_is_nothing_to_decide_about_a_reactor_that_gave_nothing_up_or_is_not_there(string act)
    {
        var @operator = await veza.OperatorAsync();
        await @operator
            .PostAsync($"/api/v1/reactors/{ProcessTrack}/{act}")
            .RefusedAsync(HttpStatusCode.Conflict, "nothing_parked");
        await @operator
            .PostAsync($"/api/v1/reactors/music.sing.v1/{act}")
            .RefusedAsync(HttpStatusCode.NotFound, "reactor_unknown");
    }

    private static async Task<IReadOnlyList<System.Text.Json.JsonElement>> ListAsync(Person person) =>
        [.. (await person.GetAsync("/api/v1/reactors").JsonAsync()).Items()];
}
