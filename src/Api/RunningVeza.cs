using Veza.EventStore;
using Veza.EventStore.Projections;

namespace Veza.Api;

/// <summary>
/// A started Veza. Disposing it stops first the parts that send requests, then those that answer them.
/// </summary>
public sealed class RunningVeza(WebApplication app, ProjectionHost projections, EventLog log) : IAsyncDisposable
{
    public WebApplication App { get; } = app;
    public EventLog Log { get; } = log;
    public ProjectionHost Projections { get; } = projections;

    /// <summary>Its address, such as <c>http://127.0.0.1:8080</c>.</summary>
    public string Address => App.Urls.First();

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
        await Projections.DisposeAsync();
        await Log.DisposeAsync();
    }
}
