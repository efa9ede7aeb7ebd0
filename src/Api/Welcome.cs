using Veza.Api.Configuration;

namespace Veza.Api;

/// <summary>Shows a person at the terminal that Veza runs: its address, and three commands to try.</summary>
internal static class Welcome
{
    public static void Say(VezaSettings settings, ILogger logger)
    {
        var address = $"http://{(settings.Host is "*" or "0.0.0.0" ? "localhost" : settings.Host)}:{settings.Port}";
        if (settings.LogFormat == LogForm.Json)
        {
            logger.LogInformation(
                "Veza runs at {Address} with roles {Roles}",
                address,
                string.Join(',', settings.Roles)
            );
            return;
        }

        Console.WriteLine(
            $$"""

            Veza runs. Open {{address}} in a browser; Ctrl-C stops it.
            API: {{address}}/docs, metrics: port {{settings.PrometheusPort}}

            Try, in another terminal:
              curl -s {{address}}/health/ready
              curl -s {{address}}/api/v1/accounts -H 'Content-Type: application/json' \
                -d '{"userName":"ada","email":"ada@example.org","password":"correct horse battery"}'
              ./veza demo

            """
        );
    }
}
