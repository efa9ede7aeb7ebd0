using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The host's decision about a source: <see cref="SourceAccepted"/> or <see cref="SourceRefused"/>.</summary>
public abstract record SourceAnswer;

public sealed record SourceAccepted(Mount Mount) : SourceAnswer;

/// <param name="Status">
/// 401 wrong credentials, 403 not allowed, 404 no such broadcast, 409 ended or in use, 503 too many streams.
/// </param>
/// <param name="Reason">One sentence for the person at the encoder.</param>
public sealed record SourceRefused(int Status, string Reason) : SourceAnswer;
