using System.Net;
using System.Text.Json;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Replay;

public class BuildEndpointsTests(VezaServer server)
{
    [Fact]
    public async Task An_operator_has_messages_built_anew_while_people_go_on_reading_what_they_wrote()
    {
        var (operator_, chat) = (await OperatorAsync(), await ChatSetting.CreateAsync(server));
        await chat.SendAsync(chat.Owner, "before");
        using (var asked = await operator_.PutAsync("/api/v1/projections/chat.messages.v1/build")) Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        do
        {
            var sent = await chat.SendAsync(chat.Owner, "meanwhile");
            var read = await chat.Owner.GetAsync($"/api/v1/messages/{sent}").JsonAsync();
            Assert.Equal("meanwhile", read.GetProperty("text").GetString());
        }
        while ((await operator_.GetAsync("/api/v1/projections/builds").JsonAsync()).GetProperty("items").GetArrayLength() > 0);
        var after = await chat.SendAsync(chat.Owner, "after");
        Assert.Equal("after", (await chat.Owner.GetAsync($"/api/v1/messages/{after}").JsonAsync()).GetProperty("text").GetString());
    }

    [Fact]
    public async Task What_does_not_exist_is_neither_built_nor_cancelled()
    {
        var operator_ = await OperatorAsync();
        await operator_.PutAsync("/api/v1/projections/chat.nothing.v1/build").RefusedAsync(HttpStatusCode.NotFound, "projection_unknown");
        await operator_.DeleteAsync("/api/v1/projections/chat.nothing.v1/build").RefusedAsync(HttpStatusCode.NotFound, "not_being_built");
        await (await server.SharedAsync("builder")).PutAsync("/api/v1/projections/chat.messages.v1/build").RefusedAsync(HttpStatusCode.Forbidden, "not_allowed");
    }

    private async Task<Person> OperatorAsync()
    {
        var credentials = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(server.Home, "operator.json"))).RootElement;
        var session = await server.Nobody.PostAsync("/api/v1/sessions", new
        {
            name = credentials.GetProperty("userName").GetString(), password = credentials.GetProperty("password").GetString(),
        }).JsonAsync(HttpStatusCode.Created);
        return new(server, session.GetProperty("accountId").GetGuid(), "operator", session.GetProperty("accessToken").GetString());
    }
}
