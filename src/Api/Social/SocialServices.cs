using Veza.Projections.Social.Feed;
using Veza.Projections.Social.Follows;

namespace Veza.Api.Social;

public static class SocialServices
{
    public static IServiceCollection AddSocial(this IServiceCollection services) =>
        services.AddSingleton<FollowQueries>().AddSingleton<FeedQueries>();
}
