using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Options;
using Veza.Realtime.Engine;

namespace Veza.Realtime;

/// <summary>
/// SignalR's JSON protocol, byte for byte. A batch or level that many clients get is copied from its one JSON instead
/// of being serialised again. Any thread may call it.
/// </summary>
internal sealed class LiveHubProtocol(IOptions<JsonHubProtocolOptions> options) : IHubProtocol
{
    /// <summary>Characters of an invocation id that is copied without escaping; clients number theirs.</summary>
    private const int PlainIdMax = 32;
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
    );

    private readonly JsonHubProtocol _json = new(options);

    public string Name => _json.Name;
    public int Version => _json.Version;
    public TransferFormat TransferFormat => _json.TransferFormat;

    public bool IsVersionSupported(int version) => _json.IsVersionSupported(version);

    public bool TryParseMessage(
        ref ReadOnlySequence<byte> input,
        IInvocationBinder binder,
        [NotNullWhen(true)] out HubMessage? message
    ) => _json.TryParseMessage(ref input, binder, out message);

    public ReadOnlyMemory<byte> GetMessageBytes(HubMessage message) => _json.GetMessageBytes(message);

    public void WriteMessage(HubMessage message, IBufferWriter<byte> output)
    {
        if (
            message
                is StreamItemMessage
                {
                    Item: LiveMessage.Shared shared,
                    InvocationId: { Length: <= PlainIdMax } id,
                    Headers: null or { Count: 0 }
                }
            && !id.AsSpan().ContainsAnyExcept(Plain)
        )
            WriteShared(id, shared.Json, output);
        else
            _json.WriteMessage(message, output);
    }

    private static void WriteShared(string id, ReadOnlySpan<byte> item, IBufferWriter<byte> output)
    {
        var head = "{\"type\":2,\"invocationId\":\""u8;
        var middle = "\",\"item\":"u8;
        var tail = "}\u001e"u8;
        var length = head.Length + id.Length + middle.Length + item.Length + tail.Length;
        var into = output.GetSpan(length);
        head.CopyTo(into);
        into = into[head.Length..];
        into = into[Encoding.ASCII.GetBytes(id, into)..];
        middle.CopyTo(into);
        item.CopyTo(into[middle.Length..]);
        tail.CopyTo(into[(middle.Length + item.Length)..]);
        output.Advance(length);
    }
}
