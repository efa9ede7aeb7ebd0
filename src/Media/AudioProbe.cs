using System.Globalization;
using System.Text.Json;

namespace Veza.Media;

/// <summary>Probes an uploaded file: its streams, and whether its sound is complete. Safe from any thread.</summary>
/// <remarks>
/// The whole file is decoded once. A header can promise sound that the file does not hold, and only decoding shows it.
/// ffmpeg's <c>-xerror</c> is not used: many good MP3 files carry trailing tags that it calls errors.
/// </remarks>
public sealed class AudioProbe(TimeProvider time, TimeSpan? timeLimit = null)
{
    /// <summary>
    /// For probing and for decoding, each. An hour of FLAC decodes in seconds; a slower file is slow on purpose.
    /// </summary>
    public static readonly TimeSpan TimeLimitDefault = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How much shorter than declared the decoded sound may be: codec delay and rounding of container clocks.
    /// </summary>
    public const int MissingMsMax = 250;

    public const int TagCharsMax = 500;

    /// <summary>
    /// The demuxers allowed. Otherwise a playlist with a sound file's name makes ffmpeg open other files and addresses.
    /// </summary>
    internal const string Formats = "wav,w64,aiff,flac,mov,mp3,aac,ogg";

    private const string Accepted = "WAV, AIFF, FLAC, ALAC, MP3, AAC/M4A, Ogg Vorbis and Opus";

    /// <summary>Probing and decoding write no file.</summary>
    private const long WrittenBytesMax = 0;

    private readonly TimeSpan _timeLimit = timeLimit ?? TimeLimitDefault;

    private ToolLimits Limits => new(Wall: _timeLimit, Cpu: _timeLimit, WrittenBytesMax);

    public async Task<ProbeResult> ProbeAsync(string path, CancellationToken cancellation)
    {
        var look = await ExternalTool.RunAsync(
            "ffprobe",
            LookArguments(path),
            Limits,
            time,
            onLine: null,
            cancellation
        );
        if (look.End == ToolEnd.TimedOut)
            return TooSlow();
        if (look.End == ToolEnd.OverLimit)
            return TooComplex(look);
        if (look.End == ToolEnd.TooMuchOutput)
            return new AudioRejected(
                ProbeCodes.TagsTooLarge,
                $"The file's tags are more than {ExternalTool.OutputCharsMax:N0} characters."
            );
        // An MP4 file usually has its index at the end; without it nothing else can be read.
        if (look.Errors.Contains("moov atom not found", StringComparison.Ordinal))
            return Truncated("its index (moov) is missing");
        if (!look.Succeeded)
            return NotAudio(look.FirstError);

        using var seen = JsonDocument.Parse(look.Output);
        var fileBytes = new FileInfo(path).Length;
        var (declared, rejected) = Read(seen.RootElement, fileBytes);
        if (declared is null)
            return rejected!;
        // For the others the length is an estimate from the first frames, and may be far too long.
        if (DeclaresLength(declared) && SoundBounds.Refuse(declared, fileBytes) is { } outside)
            return outside;

        if (Completeness.MissingFrom(path, declared.Container, cancellation) is { } missing)
            return Truncated(missing);
        return await DecodeAsync(path, declared, cancellation);
    }

    private async Task<ProbeResult> DecodeAsync(string path, AudioFacts declared, CancellationToken cancellation)
    {
        long decodedUs = 0;
        var run = await ExternalTool.RunAsync(
            "ffmpeg",
            DecodeArguments(path),
            Limits,
            time,
            line => ReadProgress(line, ref decodedUs),
            cancellation
        );
        if (run.End == ToolEnd.TimedOut)
            return TooSlow();
        if (run.End == ToolEnd.OverLimit)
            return TooComplex(run);
        var decodedMs = decodedUs / 1000;
        if (decodedMs == 0)
            return NotAudio(run.FirstError);
        if (run.Errors.Contains("partial file", StringComparison.Ordinal))
            return Truncated("its index names sound that is not in the file");

        var decoded = declared with { DurationMs = decodedMs };
        if (SoundBounds.Refuse(decoded, new FileInfo(path).Length) is { } outside)
            return outside;
        if (DeclaresLength(declared) && decodedMs + MissingMsMax < declared.DurationMs)
            return Truncated($"it declares {declared.DurationMs:N0} ms of sound and holds {decodedMs:N0} ms");
        return !run.Succeeded
            ? new AudioRejected(ProbeCodes.TruncatedAudio, $"The file cannot be decoded to its end: {run.FirstError}")
            : decoded;
    }

    /// <summary>
    /// Only these two declare an exact length; MP3 and AAC without an index are estimated from the bit rate.
    /// </summary>
    private static bool DeclaresLength(AudioFacts sound) => sound.Container is "flac" or "mp4";

    internal static void ReadProgress(string line, ref long decodedUs)
    {
        const string Key = "out_time_us=";
        if (
            line.StartsWith(Key, StringComparison.Ordinal)
            && long.TryParse(line.AsSpan(Key.Length), CultureInfo.InvariantCulture, out var us)
        )
            decodedUs = Math.Max(decodedUs, us);
    }

    private static IEnumerable<string> LookArguments(string path) =>
        [
            .. ExternalTool.InputBounds,
            "-show_entries",
            "format=format_name,duration,bit_rate:format_tags:stream=codec_type,codec_name,sample_rate,channels,bit_rate,nb_frames"
                + ":stream_disposition=attached_pic:stream_tags",
            "-of",
            "json",
            ExternalTool.FileUrl(path),
        ];

    // One second more than allowed, so that a longer file is noticed.
    private static IEnumerable<string> DecodeArguments(string path) =>
        [
            "-nostdin",
            .. ExternalTool.InputBounds,
            "-i",
            ExternalTool.FileUrl(path),
            "-map",
            "0:a:0",
            "-t",
            string.Create(CultureInfo.InvariantCulture, $"{SoundBounds.DurationMax.TotalSeconds + 1:0}"),
            "-progress",
            "pipe:1",
            "-f",
            "null",
            "-",
        ];

    private static (AudioFacts? Facts, AudioRejected? Rejected) Read(JsonElement seen, long fileBytes)
    {
        var streams = seen.TryGetProperty("streams", out var list) ? list.EnumerateArray().ToList() : [];
        // An index costs memory for each packet it names, even for packets outside the file.
        var packets = streams.Select(s => Number(s, "nb_frames")).DefaultIfEmpty(0).Max();
        if (packets > fileBytes)
            return (
                null,
                new(
                    ProbeCodes.TooComplex,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The file's index names {packets:N0} packets of sound in {fileBytes:N0} bytes; a packet takes a byte at least."
                    )
                )
            );
        if (
            streams.Any(s =>
                Text(s, "codec_type") == "video"
                && s.GetProperty("disposition").GetProperty("attached_pic").GetInt32() == 0
            )
        )
            return (
                null,
                new(ProbeCodes.HasVideo, "The file is a video. Only a cover picture may stand beside the sound.")
            );

        var audio = streams.Find(s => Text(s, "codec_type") == "audio");
        if (audio.ValueKind == JsonValueKind.Undefined)
            return (null, NotAudio("it has no audio stream"));

        var codec = Text(audio, "codec_name") ?? "unknown";
        if (!IsSupported(codec))
            return (null, new(ProbeCodes.UnsupportedCodec, $"The sound is coded as {codec}; taken are {Accepted}."));

        var sampleRateHz = (int)Number(audio, "sample_rate");
        var channels = (int)Number(audio, "channels");
        if (sampleRateHz <= 0 || channels <= 0)
            return (null, NotAudio("its sample rate or channels are not known"));

        if (SoundBounds.Refuse(sampleRateHz, channels) is { } outside)
            return (null, outside);

        var format = seen.GetProperty("format");
        var bitRate = Number(audio, "bit_rate") is > 0 and var own ? own : Number(format, "bit_rate");
        return (
            new AudioFacts(
                DurationMs: (long)Math.Round(Number(format, "duration") * 1000),
                codec,
                Container: ContainerOf(Text(format, "format_name") ?? ""),
                sampleRateHz,
                channels,
                BitRateKbps: (int)Math.Round(bitRate / 1000),
                Title: Tag(format, audio, "title"),
                Artist: Tag(format, audio, "artist"),
                Album: Tag(format, audio, "album")
            ),
            null
        );
    }

    private static bool IsSupported(string codec) =>
        codec is "flac" or "alac" or "mp3" or "aac" or "vorbis" or "opus"
        || codec.StartsWith("pcm_", StringComparison.Ordinal);

    private static string ContainerOf(string formatName) =>
        formatName.StartsWith("mov,", StringComparison.Ordinal) ? "mp4" : formatName;

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double Number(JsonElement of, string name) =>
        !of.TryGetProperty(name, out var value) ? 0
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
        : 0;

    // Ogg stores tags on the stream, the others on the container; Vorbis comments are upper case by custom.
    private static string? Tag(JsonElement format, JsonElement stream, string name)
    {
        foreach (var holder in (ReadOnlySpan<JsonElement>)[format, stream])
        {
            if (!holder.TryGetProperty("tags", out var tags))
                continue;
            foreach (var tag in tags.EnumerateObject())
            {
                if (!tag.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                    continue;
                var text = tag.Value.GetString()?.Trim() ?? "";
                if (text.Length > 0)
                    return text.Length > TagCharsMax ? text[..TagCharsMax] : text;
            }
        }
        return null;
    }

    private static AudioRejected NotAudio(string why) =>
        new(ProbeCodes.NotAudio, $"The file is not sound that can be read ({why}); taken are {Accepted}.");

    private static AudioRejected Truncated(string why) =>
        new(ProbeCodes.TruncatedAudio, $"The file is cut off: {why}.");

    private static AudioRejected TooComplex(ToolRun run) =>
        new(ProbeCodes.TooComplex, $"Looking at the file took more than its limit of {run.Limit}.");

    private AudioRejected TooSlow() =>
        new(ProbeCodes.ProbeTimeout, $"Looking at the file took more than {_timeLimit.TotalSeconds:N0} s.");
}
