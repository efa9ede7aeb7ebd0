using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>
/// A source's hold on its mount. Disposing it disconnects the source, and the mount waits for the next.
/// </summary>
public sealed class MountSource : IDisposable
{
    private readonly Mount _mount;
    private readonly IFramer _framer;

    internal MountSource(Mount mount, IFramer framer)
    {
        _mount = mount;
        _framer = framer;
    }

    /// <summary>Why the bytes so far cannot become sound; null while they can.</summary>
    public string? Fault => _framer.Fault;

    /// <returns>False once the mount has ended or the source was disposed.</returns>
    public bool Write(ReadOnlySpan<byte> bytes) => _mount.Publish(this, _framer, bytes);

    public void Dispose() => _mount.Disconnect(this, _framer);
}
