using System.Text.Json;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The first message of a source.</summary>
internal sealed record SourceHello(string Key, string ContentType)
{
    public const string Expected =
        """the first message is text of at most 1,024 bytes: {"key":"…","contentType":"audio/webm"}""";

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = 2,
    };

    public static SourceHello? Parse(byte[] text)
    {
        try
        {
            return JsonSerializer.Deserialize<SourceHello>(text, Strict);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
