using System.Buffers;
using System.IO.Pipelines;
using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The sending side of a broadcast, for whoever listens over HTTP.</summary>
public static class IcecastListener
{
    /// <summary>Sent in one go at most: what is ready is sent together, a burst in a few pieces.</summary>
    private const int FlushBytesMax = 64 * 1024;

    /// <summary>
    /// Sends a listener's audio until the mount ends or the listener goes. Waits for the socket, and so is itself what
    /// is slow when the socket is.
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
