using Veza.Api.Configuration;
using Veza.Api.Health;
using Veza.Api.Http;
using Veza.Api.Observability;

namespace Veza.Api;

/// <summary>Everything the host answers.</summary>
internal static class VezaEndpoints
{
    public static void Map(WebApplication app, VezaSettings settings)
    {
        MetricsEndpoint.Map(app, settings);
        HealthEndpoints.Map(app);
        app.UseBrowserRules(settings);
        app.MapVeza();
    }
}
