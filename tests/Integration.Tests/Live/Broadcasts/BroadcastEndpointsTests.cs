using System.Net;
using System.Text.Json;
using Alba;

namespace Veza.Integration.Tests.Live.Broadcasts;

public class BroadcastEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const string Broadcasts = "/api/v1/broadcasts";

    [Fact]
    public async Task A_broadcast_is_opened_read_listed_and_stopped_by_its_owner()
    {
        var owner = await veza.RegisterAsync("owner");
        var opened = await OpenAsync(owner);
        var path = $"{Broadcasts}/{opened.Id()}";
        Assert.Equal($"/live/{opened.Id()}", opened.GetProperty("listenUrl").GetString());

        var read = await veza.Scenario(owner, _ => _.Get.Url(path)).JsonAsync();
        Assert.Equal(("Late show", "waiting"), (read.GetProperty("title").GetString(), StatusOf(read)));
        Assert.Equal(owner.Id, read.GetProperty("owner").Id());
        Assert.Equal(JsonValueKind.Null, read.GetProperty("startedAt").ValueKind);

        var before = read.GetProperty("position").GetInt64() + 1;
        var listed = await veza.Scenario(owner, _ => _.Get.Url($"{Broadcasts}?before={before}&limit=1")).JsonAsync();
        Assert.Equal(opened.Id(), Assert.Single(listed.Items()).Id());

        await veza.Scenario(owner, _ =>
        {
            _.Post.Url($"{path}/stop");
            _.StatusCodeShouldBeOk();
        });
        Assert.Equal("ended", StatusOf(await veza.Scenario(owner, _ => _.Get.Url(path)).JsonAsync()));
    }

    [Fact]
    public async Task The_same_request_again_is_answered_with_the_same_broadcast_and_key()
    {
        var owner = await veza.RegisterAsync("owner");

        var (first, again) = (await OpenAsync(owner, "once"), await OpenAsync(owner, "once"));

        Assert.Equal(first.Id(), again.Id());
        Assert.Equal(first.GetProperty("ingest").GetRawText(), again.GetProperty("ingest").GetRawText());
    }

    [Fact]
    public async Task Only_its_owner_stops_a_broadcast_and_an_unknown_one_is_not_found()
    {
        var (owner, other) = (await veza.RegisterAsync("owner"), await veza.SharedAsync("reader"));
        var opened = await OpenAsync(owner);
        await veza.Scenario(other, _ =>
        {
            _.Post.Url($"{Broadcasts}/{opened.Id()}/stop");
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "not_the_owner");
        });
        await veza.Scenario(other, _ =>
        {
            _.Get.Url($"{Broadcasts}/{Guid.CreateVersion7()}");
            _.ShouldBeRefused(HttpStatusCode.NotFound, "broadcast_unknown");
        });
        await veza.Scenario(other, _ =>
        {
            _.Get.Url($"/live/{opened.Id()}");
            _.ShouldBeRefused(HttpStatusCode.NotFound, "broadcast_not_live");
        });
        await veza.Scenario(other, _ =>
        {
            _.Post.Json(new { title = " " }).ToUrl(Broadcasts);
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", "title");
        });
    }

    private static string? StatusOf(JsonElement broadcast) => broadcast.GetProperty("status").GetString();

    private Task<JsonElement> OpenAsync(Person owner, string? idempotencyKey = null) =>
        veza.Scenario(owner, _ =>
            {
                _.Post.Json(new { title = "Late show" }).ToUrl(Broadcasts);
                if (idempotencyKey is not null)
                    _.IdempotencyKey(idempotencyKey);
                _.StatusCodeShouldBe(HttpStatusCode.Created);
            })
            .JsonAsync();
}
