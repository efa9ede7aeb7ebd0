using Veza.Projections.Music.Charts;
using Veza.Projections.Music.Listening;

namespace Veza.Api.Music.Listening;

public static class ListeningServices
{
    public static IServiceCollection AddListening(this IServiceCollection services) =>
        services.AddSingleton<HistoryQueries>().AddSingleton<ChartQueries>();
}
