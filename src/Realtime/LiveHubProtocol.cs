using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Options;

namespace Veza.Realtime;

/// <summary>
/// SignalR's JSON protocol, byte for byte, except that a batch or a level is copied from where it was written once for
/// everyone who gets the same.
/// </summary>
internal sealed class LiveHubProtocol(IOptions<JsonHubProtocolOptions> options) : IHubProtocol
{
    /// <summary>Characters of an invocation's id that is copied as it is; clients number theirs.</summary>
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
        var before = "{\"type\":2,\"invocationId\":\""u8;
        var between = "\",\"item\":"u8;
        var after = "}\u001e"u8;
        var length = before.Length + id.Length + between.Length + item.Length + after.Length;
        var into = output.GetSpan(length);
        before.CopyTo(into);
        into = into[before.Length..];
        into = into[Encoding.ASCII.GetBytes(id, into)..];
        between.CopyTo(into);
        item.CopyTo(into[between.Length..]);
        after.CopyTo(into[(between.Length + item.Length)..]);
        output.Advance(length);
    }
}
