using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Veza.Api.Observability;

namespace Veza.Integration.Tests.Observability;

/// <summary>A host that only measures and answers <c>/metrics</c>.</summary>
internal sealed class MetricsPage : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Written _log = new();

    private MetricsPage(params (string Name, string Value)[] settings)
    {
        var given = VezaServer.Settings(
            Path.GetTempPath(),
            [("SERVICE_NAME", "veza"), ("VERSION", "1.2.3"), .. settings]
        );
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(_log);
        builder.Configuration.Sources.Clear();
        Telemetry.AddMetricsAndTraces(builder, given);
        _app = builder.Build();
        Telemetry.Start(_app.Services);
        MetricsEndpoint.Map(_app, given);
    }

    public IEnumerable<string> Logged => _log.Lines;

    public static async Task<MetricsPage> StartAsync(params (string Name, string Value)[] settings)
    {
        var page = new MetricsPage(settings);
        await page._app.StartAsync();
        return page;
    }

    public async Task<HttpResponseMessage> GetAsync(string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://localhost/metrics");
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        using var http = _app.GetTestClient();
        return await http.SendAsync(request);
    }

    public async Task<string> TextAsync()
    {
        using var answer = await GetAsync();
        return await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    /// <summary>The lines about one metric, with its help and type first.</summary>
    public async Task<string[]> LinesAsync(string name)
    {
        string[] beginnings = [name, $"# HELP {name}", $"# TYPE {name}"];
        var lines = (await TextAsync())
            .Split('\n')
            .Where(line => beginnings.Any(beginning => line.StartsWith(beginning, StringComparison.Ordinal)));
        return [.. lines.OrderBy(line => line[0] != '#')];
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Written : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Lines.Enqueue(formatter(state, exception));

        public void Dispose() { }
    }
}
