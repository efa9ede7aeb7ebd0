using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Veza.Commands.Dispatching;
using Wolverine;

namespace Veza.Fixtures;

/// <summary>Wolverine with only the generated production handlers.</summary>
internal static class HandlerHost
{
    public static async Task<IHost> StartAsync(Func<IServiceProvider, CommandBus> bus)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(bus);
        builder.UseWolverine(options => options.RunVezaCommands(new Limits()));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
