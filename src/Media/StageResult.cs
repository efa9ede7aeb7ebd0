namespace Veza.Media;

/// <summary>The outcome of an upload's bytes: <see cref="Staged"/> or <see cref="UploadTooLarge"/>.</summary>
public abstract record StageResult;

/// <param name="Path">The staged file, for probing before it is stored.</param>
/// <param name="Sha256">Of the bytes, in lower-case hexadecimal.</param>
public sealed record Staged(Guid UploadId, string Path, long Bytes, string Sha256) : StageResult;

public sealed record UploadTooLarge(long UploadBytesMax) : StageResult
{
    public string Detail => $"the upload is larger than MAX_UPLOAD_SIZE, {UploadBytesMax:N0} bytes";
}
