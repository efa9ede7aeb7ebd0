using System.Net;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Replay;

public class BuildEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task An_operator_has_messages_built_anew_while_people_go_on_reading_what_they_wrote()
    {
        var (operator_, chat) = (await veza.OperatorAsync(), await ChatSetting.CreateAsync(veza));
        await chat.SendAsync(chat.Owner, "before");
        using (var asked = await operator_.PutAsync("/api/v1/projections/chat.messages.v1/build"))
            Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        do
        {
            var sent = await chat.SendAsync(chat.Owner, "meanwhile");
            var read = await chat.Owner.GetAsync($"/api/v1/messages/{sent}").JsonAsync();
            Assert.Equal("meanwhile", read.GetProperty("text").GetString());
        } while (
            (await operator_.GetAsync("/api/v1/projections/builds").JsonAsync()).GetProperty("items").GetArrayLength()
            > 0
        );
        var after = await chat.SendAsync(chat.Owner, "after");
        Assert.Equal(
            "after",
            (await chat.Owner.GetAsync($"/api/v1/messages/{after}").JsonAsync()).GetProperty("text").GetString()
        );
    }

    [Fact]
    public async Task An_unknown_projection_is_neither_built_nor_cancelled()
    {
        var operator_ = await veza.OperatorAsync();
        await veza.Scenario(operator_, _ =>
        {
            _.Put.Url("/api/v1/projections/chat.nothing.v1/build");
            _.ShouldBeRefused(HttpStatusCode.NotFound, "projection_unknown");
        });
        await veza.Scenario(operator_, _ =>
        {
            _.Delete.Url("/api/v1/projections/chat.nothing.v1/build");
            _.ShouldBeRefused(HttpStatusCode.NotFound, "not_being_built");
        });
        await veza.Scenario(await veza.SharedAsync("builder"), _ =>
        {
            _.Put.Url("/api/v1/projections/chat.messages.v1/build");
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "not_allowed");
        });
    }
}
