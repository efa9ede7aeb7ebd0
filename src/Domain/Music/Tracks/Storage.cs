using System.Collections.Immutable;

namespace Veza.Domain.Music.Tracks;

/// <summary>
/// The disk space of an account's tracks, and the tracks in processing. Each account has one stream.
/// </summary>
/// <param name="UsedBytes">Bytes of originals and copies, reserved ones included.</param>
/// <param name="Processing">By track in processing: the bytes reserved for its copies.</param>
public sealed record Storage(Guid OwnerId, long UsedBytes, ImmutableSortedDictionary<Guid, long> Processing)
{
    /// <summary>The default quota: a hundred uploads of the largest size, with their copies.</summary>
    public const long BytesMaxDefault = 20L << 30;

    /// <summary>
    /// An album at a time. All accounts share the queue of unfinished uploads; this bounds one account's share of it.
    /// </summary>
    public const int ProcessingMax = 20;

    /// <summary>Of an Opus copy of 128 kbit/s and an MP3 copy of 192 kbit/s.</summary>
    public const int CopiesBytesPerSecond = (128 + 192) * 1000 / 8;

    public static Guid StreamId(Guid ownerId) => StreamIds.Of("storage", ownerId, ownerId);

    /// <returns>The approximate size of the copies of a track, in bytes.</returns>
    public static long CopiesBytes(long durationMs) => durationMs * CopiesBytesPerSecond / 1000;

    public static Storage Create(StorageReserved e) =>
        new Storage(e.OwnerId, 0, ImmutableSortedDictionary<Guid, long>.Empty).Apply(e);

    public static Storage Create(StorageSettled e) =>
        new Storage(e.OwnerId, 0, ImmutableSortedDictionary<Guid, long>.Empty).Apply(e);

    public Storage Apply(StorageReserved e) =>
        this with
        {
            UsedBytes = UsedBytes + e.OriginalBytes + e.CopiesBytes,
            Processing = Processing.SetItem(e.TrackId, e.CopiesBytes),
        };

    /// <remarks>For a track older than quotas nothing was reserved, and only its copies count.</remarks>
    public Storage Apply(StorageSettled e) =>
        this with
        {
            UsedBytes = UsedBytes - Processing.GetValueOrDefault(e.TrackId) + e.CopiesBytes,
            Processing = Processing.Remove(e.TrackId),
        };
}
