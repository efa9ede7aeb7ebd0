namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>Takes a cause away again.</summary>
internal sealed class Healing(Func<Task> heal) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await heal();
}

/// <summary>Does something again and again until it is disposed of. Failures of requests are part of it.</summary>
internal sealed class Repetition : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private Repetition(int atOnce, Func<CancellationToken, Task> act, TimeSpan every) =>
        _running = Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => Task.Run(() => RunAsync(act, every))));

    /// <param name="every">The time from one beginning to the next, at least.</param>
    public static Repetition Of(Func<CancellationToken, Task> act, TimeSpan every, int atOnce = 1) =>
        new(atOnce, act, every);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(Func<CancellationToken, Task> act, TimeSpan every)
    {
        using var ticks = new PeriodicTimer(every);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await act(_stop.Token);
                await ticks.WaitForNextTickAsync(_stop.Token);
            }
            catch (Exception fault)
                when (fault is HttpRequestException or OperationCanceledException or IOException
                    || fault is System.Net.Sockets.SocketException
                )
            { /* The cause itself, or the end. */
            }
        }
    }
}
