using System.Collections.Immutable;

namespace Veza.Domain.Music.Tracks;

/// <summary>
/// What an account's tracks take on disk, and which of them are being processed. One stream for each account.
/// </summary>
/// <param name="UsedBytes">Originals and copies, those reserved included.</param>
/// <param name="Processing">The room reserved for the copies of each track whose processing has not ended.</param>
public sealed record Storage(Guid OwnerId, long UsedBytes, ImmutableSortedDictionary<Guid, long> Processing)
{
    /// <summary>Unless the operator says otherwise: a hundred uploads of the largest size, with their copies.</summary>
    public const long BytesMaxDefault = 20L << 30;

    /// <summary>
    /// An album at once. Each unfinished upload holds a place in the queue of all, so this bounds one account's share.
    /// </summary>
    public const int ProcessingMax = 20;

    /// <summary>An Opus copy of 128 kbit/s and an MP3 of 192.</summary>
    public const int CopiesBytesPerSecond = (128 + 192) * 1000 / 8;

    public static Guid StreamId(Guid ownerId) => StreamIds.Of("storage", ownerId, ownerId);

    /// <returns>The room that the copies of so much sound will take, about.</returns>
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

    /// <remarks>Of a track of before there were quotas nothing was reserved, and only its copies count.</remarks>
    public Storage Apply(StorageSettled e) =>
        this with
        {
            UsedBytes = UsedBytes - Processing.GetValueOrDefault(e.TrackId) + e.CopiesBytes,
            Processing = Processing.Remove(e.TrackId),
        };
}
