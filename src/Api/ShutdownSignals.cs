using System.Runtime.InteropServices;

namespace Veza.Api;

/// <summary>The first SIGTERM or Ctrl-C requests an orderly end, the second ends the process immediately.</summary>
/// <remarks>
/// Replaces the host's own handling, which ignores a second signal and begins only after PostgreSQL has started.
/// </remarks>
internal sealed class ShutdownSignals : IDisposable
{
    /// <summary>The exit code that shells report for a process ended by SIGTERM.</summary>
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
