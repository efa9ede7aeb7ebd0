namespace Veza.Media;

/// <summary>The result of a transcode: <see cref="Transcoded"/> or <see cref="TranscodeFailed"/>.</summary>
public abstract record TranscodeResult;

public sealed record Transcoded(long Bytes) : TranscodeResult;

/// <param name="Code">One of <see cref="TranscodeCodes"/>.</param>
public sealed record TranscodeFailed(string Code, string Detail) : TranscodeResult;

public static class TranscodeCodes
{
    public const string Failed = "transcode_failed";
    public const string Timeout = "transcode_timeout";
    public const string OverLimit = "transcode_over_limit";
}
