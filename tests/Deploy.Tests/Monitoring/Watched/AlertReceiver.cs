using System.Net;
using System.Text.Json;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>What Alertmanager delivers. Each of its receivers has a path here: <c>/on-call</c>.</summary>
internal sealed class AlertReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Lock _lock = new();
    private readonly List<(string Receiver, string Alert)> _delivered = [];

    /// <summary>The labels of each alert whose end was not delivered yet, with its name.</summary>
    private readonly Dictionary<string, string> _firing = [];
    private readonly Task _serving;

    public AlertReceiver()
    {
        Address = $"http://127.0.0.1:{Loopback.FreePort()}";
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address { get; }

    /// <summary>A receiver that is answered 403, as with a key that no longer holds.</summary>
    public string? Refused { get; set; }

    /// <returns>How often an alert that fires was delivered to a receiver.</returns>
    public int Count(string receiver, string alert)
    {
        lock (_lock)
            return _delivered.Count(one => one == (receiver, alert));
    }

    /// <summary>
    /// Whether Alertmanager has not delivered the alert's end yet. It says nothing of an alert that fires again before.
    /// </summary>
    public bool IsFiring(string alert)
    {
        lock (_lock)
            return _firing.ContainsValue(alert);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
                await AnswerAsync(await _listener.GetContextAsync());
        }
        catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
        { /* Disposed of. */
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var receiver = context.Request.Url!.AbsolutePath.TrimStart('/');
        using var body = await JsonDocument.ParseAsync(context.Request.InputStream);
        if (receiver == Refused)
        {
            context.Response.StatusCode = (int)HttpStatusCode.Forbidden;
        }
        else
        {
            lock (_lock)
                foreach (var alert in body.RootElement.GetProperty("alerts").EnumerateArray())
                    Take(receiver, alert.GetProperty("labels"), alert.GetProperty("status").GetString() == "firing");
        }
        context.Response.Close();
    }

    private void Take(string receiver, JsonElement labels, bool isFiring)
    {
        var alert = labels.GetProperty("alertname").GetString()!;
        if (!isFiring)
        {
            _firing.Remove(labels.GetRawText());
            return;
        }
        _firing[labels.GetRawText()] = alert;
        _delivered.Add((receiver, alert));
    }
}
