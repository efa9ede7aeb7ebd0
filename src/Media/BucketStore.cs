using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;

namespace Veza.Media;

/// <summary>
/// Stores the tracks' files in a bucket of S3-compatible storage, under the same names as in a folder.
/// </summary>
/// <remarks>
/// Safe from any thread. A file appears whole or not at all, as an object does. Any fault of the storage throws
/// <see cref="MediaStorageException"/>, after <see cref="RetriesMax"/> more attempts and within a time limit.
/// Uploads are staged, and processed, in the local folder.
/// See docs/decisions/0062-audio-in-a-bucket-served-through-veza.md.
/// </remarks>
public sealed class BucketStore : MediaStore, IDisposable
{
    /// <summary>Beyond the first attempt. The reactor and the client retry later anyway.</summary>
    public const int RetriesMax = 2;

    /// <summary>For a request with a small body, including its retries: longer than a healthy storage takes.</summary>
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(10);

    /// <summary>A slower storage counts as broken; half a gigabyte then takes 17 minutes.</summary>
    private const long BytesPerSecondMin = 512 << 10;

    /// <summary>
    /// Amazon's own chunks, each signed: some S3-compatible servers store them as part of the file. Without them the
    /// file is read twice, and signed as a whole.
    /// </summary>
    private const bool InChunks = false;

    private static readonly TrackFile[] Files = [TrackFile.Original, .. Copies];

    private readonly AmazonS3Client _client;
    private readonly string _bucket;

    /// <param name="root">MEDIA_ROOT: the local folder of staging and work.</param>
    /// <param name="uploadBytesMax">MAX_UPLOAD_SIZE.</param>
    public BucketStore(BucketAddress bucket, string root, long uploadBytesMax, TimeProvider time)
        : base(root, uploadBytesMax, time)
    {
        _bucket = bucket.Name;
        _client = new(
            new BasicAWSCredentials(bucket.AccessKey, bucket.SecretKey),
            new AmazonS3Config
            {
                ServiceURL = bucket.Endpoint.AbsoluteUri,
                AuthenticationRegion = bucket.Region,
                ForcePathStyle = bucket.ForcePathStyle,
                MaxErrorRetry = RetriesMax,
                RetryMode = RequestRetryMode.Standard,
                // Many S3-compatible servers do not know the checksums that Amazon added later.
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Checks that the bucket exists and accepts these keys.</summary>
    /// <exception cref="MediaStorageException">It does not, or not within <paramref name="patience"/>.</exception>
    public Task CheckAsync(TimeSpan patience, CancellationToken ct) =>
        AskAsync(patience, limited => _client.HeadBucketAsync(new() { BucketName = _bucket }, limited), ct);

    public override async Task KeepAsync(Guid uploadId, Guid trackId, CancellationToken ct)
    {
        await PutAsync(StagedPath(uploadId), trackId, TrackFile.Original, ct);
        Discard(uploadId);
    }

    public override async Task<long?> BytesAsync(Guid trackId, TrackFile file, CancellationToken ct)
    {
        try
        {
            var key = Key(trackId, NameOf(file));
            var found = await AskAsync(AnswerMax, limited => _client.GetObjectMetadataAsync(_bucket, key, limited), ct);
            return found.ContentLength;
        }
        catch (MediaStorageException missing) when (IsMissing(missing))
        {
            return null;
        }
    }

    public override async Task<Stream> OpenAsync(Guid trackId, TrackFile file, CancellationToken ct)
    {
        var length = await BytesAsync(trackId, file, ct) ?? throw Missing(trackId, file);
        return new ObjectStream(length, (from, to, limited) => RangeAsync(trackId, file, from, to, limited));
    }

    public override async Task<string> TakeOriginalAsync(Guid trackId, CancellationToken ct)
    {
        var path = WorkPath(trackId, TrackFile.Original);
        var length = await BytesAsync(trackId, TrackFile.Original, ct) ?? throw Missing(trackId, TrackFile.Original);
        await AskAsync(
            TransferMax(length),
            async limited =>
            {
                using var got = await _client.GetObjectAsync(
                    _bucket,
                    Key(trackId, NameOf(TrackFile.Original)),
                    limited
                );
                // The remains of a process that died.
                File.Delete(path);
                await using var file = Create(path);
                await got.ResponseStream.CopyToAsync(file, limited);
                return length;
            },
            ct
        );
        return path;
    }

    public override string CopyPath(Guid trackId, TrackFile file) => WorkPath(trackId, file);

    public override Task KeepCopyAsync(Guid trackId, TrackFile file, CancellationToken ct) =>
        PutAsync(WorkPath(trackId, file), trackId, file, ct);

    public override void EndWork(Guid trackId)
    {
        foreach (var file in Files)
            File.Delete(WorkPath(trackId, file));
    }

    public override async Task DeleteCopiesAsync(Guid trackId, CancellationToken ct)
    {
        foreach (var copy in Copies)
            await RemoveAsync(trackId, NameOf(copy), ct);
    }

    /// <remarks>Only one node at a time works on a track, so the count has no concurrent writer.</remarks>
    public override async Task<int> BeginAttemptAsync(Guid trackId, CancellationToken ct)
    {
        var attempt = await AttemptsAsync(trackId, ct) + 1;
        await AskAsync(
            AnswerMax,
            limited =>
                _client.PutObjectAsync(
                    new()
                    {
                        BucketName = _bucket,
                        Key = Key(trackId, AttemptsName),
                        InputStream = new MemoryStream(
                            Encoding.ASCII.GetBytes(attempt.ToString(CultureInfo.InvariantCulture))
                        ),
                        UseChunkEncoding = InChunks,
                    },
                    limited
                ),
            ct
        );
        return attempt;
    }

    public override Task EndAttemptAsync(Guid trackId, CancellationToken ct) => RemoveAsync(trackId, AttemptsName, ct);

    public override async Task DeleteAsync(Guid trackId, CancellationToken ct)
    {
        // One by one: the request that deletes many needs checksums that not every server knows.
        foreach (var file in Files)
            await RemoveAsync(trackId, NameOf(file), ct);
        await RemoveAsync(trackId, AttemptsName, ct);
    }

    public override Task RecordErasureAsync(Guid account, CancellationToken ct) =>
        AskAsync(
            AnswerMax,
            limited =>
                _client.PutObjectAsync(
                    new()
                    {
                        BucketName = _bucket,
                        Key = $"{ErasuresName}/{account:N}",
                        InputStream = new MemoryStream(),
                        UseChunkEncoding = InChunks,
                    },
                    limited
                ),
            ct
        );

    public override async IAsyncEnumerable<Guid> ErasuresAsync([EnumeratorCancellation] CancellationToken ct)
    {
        for (string? next = null; ; )
        {
            var after = next;
            var page = await AskAsync(
                AnswerMax,
                limited =>
                    _client.ListObjectsV2Async(
                        new()
                        {
                            BucketName = _bucket,
                            Prefix = ErasuresName + "/",
                            ContinuationToken = after,
                        },
                        limited
                    ),
                ct
            );
            foreach (var found in page.S3Objects ?? [])
                if (Guid.TryParseExact(found.Key[(ErasuresName.Length + 1)..], "N", out var account))
                    yield return account;
            if (page.IsTruncated is not true)
                yield break;
            next = page.NextContinuationToken;
        }
    }

    private async Task<int> AttemptsAsync(Guid trackId, CancellationToken ct)
    {
        try
        {
            return await AskAsync(
                AnswerMax,
                async limited =>
                {
                    using var got = await _client.GetObjectAsync(_bucket, Key(trackId, AttemptsName), limited);
                    using var reader = new StreamReader(got.ResponseStream, Encoding.ASCII);
                    return int.Parse(
                        await reader.ReadToEndAsync(limited),
                        NumberStyles.None,
                        CultureInfo.InvariantCulture
                    );
                },
                ct
            );
        }
        catch (MediaStorageException missing) when (IsMissing(missing))
        {
            return 0;
        }
    }

    private Task PutAsync(string path, Guid trackId, TrackFile file, CancellationToken ct) =>
        AskAsync(
            TransferMax(new FileInfo(path).Length),
            limited =>
                _client.PutObjectAsync(
                    new()
                    {
                        BucketName = _bucket,
                        Key = Key(trackId, NameOf(file)),
                        FilePath = path,
                        // The event holds the type; the SDK would guess it from the file's name.
                        ContentType = "application/octet-stream",
                        UseChunkEncoding = InChunks,
                    },
                    limited
                ),
            ct
        );

    /// <summary>Removes an object. A missing one is not a fault.</summary>
    private Task RemoveAsync(Guid trackId, string name, CancellationToken ct) =>
        AskAsync(AnswerMax, limited => _client.DeleteObjectAsync(_bucket, Key(trackId, name), limited), ct);

    private Task<Stream> RangeAsync(Guid trackId, TrackFile file, long from, long to, CancellationToken ct) =>
        AskAsync(
            AnswerMax,
            async limited =>
            {
                var got = await _client.GetObjectAsync(
                    new()
                    {
                        BucketName = _bucket,
                        Key = Key(trackId, NameOf(file)),
                        ByteRange = new(from, to),
                    },
                    limited
                );
                return got.ResponseStream;
            },
            ct
        );

    private static async Task<T> AskAsync<T>(
        TimeSpan within,
        Func<CancellationToken, Task<T>> ask,
        CancellationToken ct
    )
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(within);
        try
        {
            return await ask(limited.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Fault($"the object storage did not answer within {within.TotalSeconds:N0} s");
        }
        catch (Exception fault) when (IsOfStorage(fault))
        {
            throw Fault($"the object storage: {fault.Message}", fault);
        }
    }

    private static MediaStorageException Fault(string message, Exception? fault = null) =>
        new(new IOException(message, fault));

    /// <summary>Includes faults of the local file, which are reported the same way.</summary>
    private static bool IsOfStorage(Exception fault) =>
        fault is AmazonServiceException or AmazonClientException or HttpRequestException or IOException;

    private static bool IsMissing(MediaStorageException fault) =>
        fault.InnerException?.InnerException is AmazonServiceException { StatusCode: HttpStatusCode.NotFound };

    private static MediaStorageException Missing(Guid trackId, TrackFile file) =>
        new(new FileNotFoundException($"the {NameOf(file)} of track {trackId} is not in the bucket"));

    private static TimeSpan TransferMax(long bytes) => AnswerMax + TimeSpan.FromSeconds(bytes / BytesPerSecondMin);

    private static string Key(Guid trackId, string name) => $"tracks/{trackId:N}/{name}";
}
