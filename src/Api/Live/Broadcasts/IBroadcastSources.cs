using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>What the source protocols need of accounts, keys and the log.</summary>
public interface IBroadcastSources
{
    ValueTask<SourceAnswer> Authenticate(SourceRequest request, CancellationToken cancellation);

    /// <summary>The source holds the mount; its sound is read once this has returned.</summary>
    ValueTask Connected(SourceRequest request, Mount mount, CancellationToken cancellation);

    /// <summary>
    /// The source has released the mount. Called once for every <see cref="Connected"/>, even if that failed.
    /// </summary>
    ValueTask Disconnected(SourceRequest request, Mount mount, SourceEnd end);
}
