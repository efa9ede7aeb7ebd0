using Microsoft.Net.Http.Headers;

namespace Veza.Api.Pages;

/// <summary>A file of the web page, held in memory.</summary>
/// <param name="Bodies">The smallest first; the last one has no encoding.</param>
internal sealed record PageFile(string ContentType, string CacheControl, IReadOnlyList<PageBody> Bodies);

/// <summary>A file's bytes as they are sent.</summary>
/// <param name="Encoding">The value of Content-Encoding; null for the file itself.</param>
internal sealed record PageBody(string? Encoding, byte[] Bytes, EntityTagHeaderValue Tag);
