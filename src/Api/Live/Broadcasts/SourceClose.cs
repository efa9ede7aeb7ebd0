using System.Net.WebSockets;

namespace Veza.Api.Live.Broadcasts;

/// <summary>How a source's WebSocket is closed.</summary>
/// <param name="Code">
/// 1000 the end, 1001 the server stops; for a refusal 4000 and the status that HTTP would have.
/// </param>
internal readonly record struct SourceClose(int Code, string Reason)
{
    private const int Refusals = 4000;

    /// <summary>A control frame has 125 bytes, two of them for the code (RFC 6455, section 5.5).</summary>
    private const int ReasonBytesMax = 123;

    public static SourceClose Refused(int status, string reason) => new(Refusals + status, Fit(reason));

    public static SourceClose Of(SourceEndReason reason, string detail) =>
        reason switch
        {
            SourceEndReason.ServerStopping => new((int)WebSocketCloseStatus.EndpointUnavailable, Fit(detail)),
            SourceEndReason.Idle => Refused(StatusCodes.Status408RequestTimeout, detail),
            SourceEndReason.BadStream => Refused(StatusCodes.Status422UnprocessableEntity, detail),
            _ => new((int)WebSocketCloseStatus.NormalClosure, Fit(detail)),
        };

    /// <summary>Cut at a character, as a reason must be whole UTF-8.</summary>
    private static string Fit(string reason)
    {
        var bytes = 0;
        var chars = 0;
        foreach (var rune in reason.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > ReasonBytesMax)
                return reason[..chars];
            chars += rune.Utf16SequenceLength;
        }
        return reason;
    }
}
