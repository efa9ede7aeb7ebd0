namespace Veza.Domain.Chat.Communities;

/// <summary>A community, as far as decisions need it.</summary>
/// <param name="Channels">
/// The counted channels. The first one is not counted, nor are channels older than the count.
/// </param>
public sealed record Community(Guid Id, Guid OwnerId, int Channels = 0)
{
    public const int NameMax = 100;

    /// <summary>As on Discord. A member's client lists them all, and each is one topic.</summary>
    public const int ChannelsMax = 500;

    /// <summary>Communities that one account may found: as many as a person on Discord may join.</summary>
    public const int FoundedMax = 100;

    public static Community Create(CommunityCreated e) => new(e.CommunityId, e.OwnerId);

    public Community Apply(ChannelCounted _) => this with { Channels = Channels + 1 };
}
