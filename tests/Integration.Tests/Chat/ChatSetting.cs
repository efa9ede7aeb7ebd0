using System.Net;

namespace Veza.Integration.Tests.Chat;

/// <summary>A community with an owner, a member and a stranger, created over HTTP.</summary>
public sealed record ChatSetting(Person Owner, Person Member, Person Stranger, Guid Community, Guid Channel)
{
    /// <summary>An account may found no more than 100 communities, and there are more tests.</summary>
    private const int CommunitiesPerOwner = 50;

    private static int _made;

    public string Messages => $"/api/v1/channels/{Channel}/messages";

    public static async Task<ChatSetting> CreateAsync(IVezaApi veza)
    {
        var (owner, member, stranger) = (
            await veza.SharedAsync($"owner{Interlocked.Increment(ref _made) / CommunitiesPerOwner}"),
            await veza.SharedAsync("member"),
            await veza.SharedAsync("stranger")
        );
        var community = await owner
            .PostAsync("/api/v1/communities", new { name = "Vinyl diggers" })
            .JsonAsync(HttpStatusCode.Created);
        await member.PutAsync($"/api/v1/communities/{community.Id()}/members/me").JsonAsync();
        return new(owner, member, stranger, community.Id(), community.GetProperty("generalChannelId").GetGuid());
    }

    public async Task<Guid> SendAsync(Person by, string text, Guid? replyTo = null) =>
        (await by.PostAsync(Messages, new { text, replyTo }).JsonAsync(HttpStatusCode.Created)).Id();
}
