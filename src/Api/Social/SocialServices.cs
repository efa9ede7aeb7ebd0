using Veza.Projections.Social.Feed;
using Veza.Projections.Social.Follows;
using Veza.Projections.Social.Likes;

namespace Veza.Api.Social;

public static class SocialServices
{
    public static IServiceCollection AddSocial(this IServiceCollection services) =>
        services.AddSingleton<FollowQueries>().AddSingleton<LikeQueries>().AddSingleton<FeedQueries>();
}
