using System.Diagnostics;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;
using Veza.EventStore.Verification;

namespace Veza.EventStore.Appending;

/// <summary>
/// A command waiting for its turn. Its events are already written as JSON and hashed: by whoever asks, not by the one
/// loop that all wait for.
/// </summary>
internal sealed class PendingAppend
{
    public PendingAppend(AppendRequest request, PersonalDataCipher cipher, int generation)
    {
        Request = request;
        HistoryGeneration = generation;
        var count = 0;
        // By index: an enumerator of an interface is an object of its own.
        for (var i = 0; i < request.Changes.Count; i++)
            count += request.Changes[i].Events.Count;
        Events = new PendingEvent[count];
        Digests = new byte[count * EventDigest.Bytes];
        var step = 0;
        for (var c = 0; c < request.Changes.Count; c++)
        {
            var change = request.Changes[c];
            for (var i = 0; i < change.Events.Count; i++, step++)
            {
                var (data, id) = (change.Events[i], EventId(request.CommandId, step));
                var causation = step == 0 ? null : request.CommandId.ToString("N");
                var e = Events[step] = new(
                    id,
                    change.StreamId,
                    change.ExpectedVersion + i + 1,
                    cipher.Types.Describe(data.GetType()),
                    cipher.Write(data, id),
                    cipher.Kept(data),
                    causation
                );
                EventDigest.Compute(
                    e.Id,
                    e.StreamId,
                    e.Version,
                    e.Type.Alias,
                    e.Type.DotNetType,
                    request.By,
                    request.Correlation,
                    causation,
                    e.Json,
                    Digests.AsSpan(step * EventDigest.Bytes)
                );
            }
        }
    }

    public AppendRequest Request { get; }

    /// <summary>How many forks of the log the command knows of.</summary>
    public int HistoryGeneration { get; }

    /// <summary>Of all its changes, in their order.</summary>
    public PendingEvent[] Events { get; }

    /// <summary>32 bytes an event.</summary>
    public byte[] Digests { get; }
    public TaskCompletionSource<AppendOutcome> Outcome { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    public int EventCount => Events.Length;
    public long AskedAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>
    /// A command's first event carries the command's own id, the others ids beside it, so that most events need not
    /// name their command.
    /// </summary>
    internal static Guid EventId(Guid commandId, int step)
    {
        if (step == 0)
            return commandId;
        Span<byte> bytes = stackalloc byte[16];
        commandId.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[14] ^= (byte)(step >> 8);
        bytes[15] ^= (byte)step;
        return new(bytes, bigEndian: true);
    }
}

/// <param name="Version">The one it gets if the command is accepted: it follows from the version expected.</param>
/// <param name="Causation">The command, where the event's id does not tell it.</param>
internal readonly record struct PendingEvent(
    Guid Id,
    Guid StreamId,
    long Version,
    EventType Type,
    byte[] Json,
    object Data,
    string? Causation
);
