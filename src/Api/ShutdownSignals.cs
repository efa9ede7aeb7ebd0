using System.Runtime.InteropServices;

namespace Veza.Api;

/// <summary>The first SIGTERM or Ctrl-C asks for an orderly end, the second ends the process at once.</summary>
/// <remarks>
/// In place of the host's own handling, which knows no second signal and begins only after PostgreSQL has started.
/// </remarks>
internal sealed class ShutdownSignals : IDisposable
{
    /// <summary>What shells report for a process ended by SIGTERM.</summary>
    private const int ExitCodeAtOnce = 143;

    private readonly CancellationTokenSource asked;
    private readonly PosixSignalRegistration[] registrations;
    private int received;

    public ShutdownSignals(CancellationToken ct)
    {
        asked = CancellationTokenSource.CreateLinkedTokenSource(ct);
        registrations =
        [
            .. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT }.Select(signal =>
                PosixSignalRegistration.Create(signal, Received)
            ),
        ];
    }

    public CancellationToken Token => asked.Token;

    private void Received(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref received) > 1)
            Environment.Exit(ExitCodeAtOnce);
        asked.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        asked.Dispose();
    }
}

/// <summary>Leaves the signals to <see cref="ShutdownSignals"/>.</summary>
internal sealed class NoSignals : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StopAsync(CancellationToken ct) => Task.CompletedTask;
}
