using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Media;

namespace Veza.Api.Music.Tracks;

/// <summary>
/// A multipart upload in progress. Fields are held in memory, bounded; the file goes straight to the staging area. The
/// parts may come in any order.
/// </summary>
internal sealed record UploadForm(string Title, string? Genre, string? Description, Staged File)
{
    /// <summary>The three fields and the file.</summary>
    private const int PartsMax = 4;

    /// <summary>More than any field may hold in the end; the command's validator has the exact limits.</summary>
    private const int FieldBytesMax = 16 * 1024;
    private const int PartHeadersMax = 8;
    private const int PartHeaderBytesMax = 4 * 1024;

    /// <summary>Bytes of a body beside the file, at most.</summary>
    public const int OverheadBytesMax = PartsMax * (FieldBytesMax + PartHeadersMax * PartHeaderBytesMax);

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    /// <summary>
    /// The content of the upload without boundaries and the order of parts: two requests with the same content are the
    /// same.
    /// </summary>
    public byte[] Content =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes<string?[]>([Title, Genre, Description, File.Sha256]));

    /// <summary>Either a form or a refusal. The caller discards a file that was staged before the refusal.</summary>
    public static async Task<(UploadForm? Form, Refusal? Refusal)> ReadAsync(
        HttpRequest request,
        Guid uploadId,
        MediaStore media,
        CancellationToken ct
    )
    {
        try
        {
            return await ReadPartsAsync(request, uploadId, media, ct);
        }
        // As everywhere, Kestrel's exceptions are answered with their status, and the disk's as the server's fault.
        catch (Exception fault)
            when (fault is InvalidDataException or DecoderFallbackException
                || fault is IOException and not (BadHttpRequestException or MediaStorageException)
            )
        {
            return (
                null,
                new(
                    "malformed",
                    RefusalKind.Invalid,
                    $"the body is not complete or not of the form multipart/form-data: {fault.Message}"
                )
            );
        }
    }

    private static async Task<(UploadForm?, Refusal?)> ReadPartsAsync(
        HttpRequest request,
        Guid uploadId,
        MediaStore media,
        CancellationToken ct
    )
    {
        if (
            !MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 } boundary
        )
            return (
                null,
                Problems.Invalid(
                    "contentType",
                    $"Content-Type is {request.ContentType}; it must be multipart/form-data with a boundary"
                )
            );

        var fields = new Dictionary<string, string>();
        Staged? file = null;
        var reader = new MultipartReader(boundary, request.Body)
        {
            HeadersCountLimit = PartHeadersMax,
            HeadersLengthLimit = PartHeaderBytesMax,
        };
        while (await reader.ReadNextSectionAsync(ct) is { } part)
        {
            var name = HeaderUtilities.RemoveQuotes(part.GetContentDispositionHeader()?.Name ?? default).Value ?? "";
            if (name is not ("title" or "genre" or "description" or "file"))
                return (
                    null,
                    Problems.Invalid(
                        "body",
                        $"there is no field \"{name}\"; title, genre, description and file are taken"
                    )
                );
            if (fields.ContainsKey(name) || name == "file" && file is not null)
                return (null, Problems.Invalid(name, $"{name} is given twice"));
            if (name != "file")
            {
                if (await ReadTextAsync(part.Body, ct) is not { } text)
                    return (null, Problems.Invalid(name, $"{name} is more than {FieldBytesMax:N0} bytes"));
                fields[name] = text;
                continue;
            }
            var staged = await media.StageAsync(uploadId, part.Body, ct);
            if (staged is UploadTooLarge tooLarge)
                return (null, TrackUploads.TooLarge(tooLarge.Detail));
            file = (Staged)staged;
        }

        // A browser's form sends an empty field as empty.
        var title = fields.GetValueOrDefault("title");
        if (title is null || file is null)
            return (null, Missing(title is null ? "title" : null, file is null ? "file" : null));
        return (new(title, Given("genre"), Given("description"), file), null);

        string? Given(string name) =>
            fields.GetValueOrDefault(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;
    }

    private static Refusal Missing(params string?[] fields) =>
        Refusals.Invalid(fields.OfType<string>().ToDictionary(f => f, f => (string[])[$"{f} is missing"]));

    /// <returns>Null when it is longer than a field may be.</returns>
    private static async Task<string?> ReadTextAsync(Stream body, CancellationToken ct)
    {
        var buffer = new byte[FieldBytesMax + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct);
        return length > FieldBytesMax ? null : StrictUtf8.GetString(buffer, 0, length);
    }
}
