using System.Buffers;
using System.IO.Pipelines;
using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>Sends a broadcast to one HTTP listener.</summary>
public static class IcecastListener
{
    /// <summary>Bytes sent before a flush: everything ready is sent together, a burst in a few pieces.</summary>
    private const int FlushBytesMax = 64 * 1024;

    /// <summary>
    /// Sends a listener's audio until the mount ends or the listener goes. It waits for the socket, so a slow socket
    /// slows only this listener.
    /// </summary>
    public static async Task WriteAsync(MountListener listener, PipeWriter output, CancellationToken cancellation)
    {
        while (await listener.WaitAsync(cancellation))
        {
            var unsent = 0;
            while (unsent < FlushBytesMax && listener.TryRead(out var bytes))
            {
                output.Write(bytes.Span);
                unsent += bytes.Length;
            }
            if (unsent > 0 && (await output.FlushAsync(cancellation)).IsCompleted)
                return;
        }
    }
}
