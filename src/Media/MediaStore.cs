using System.Security.Cryptography;

namespace Veza.Media;

/// <summary>
/// The tracks' files, and the staging area of uploads. File names consist of ids alone, so no client can choose a path
/// outside.
/// </summary>
/// <remarks>
/// Staging is a local folder; the files are stored in the same one (<see cref="FolderStore"/>) or in a bucket
/// (<see cref="BucketStore"/>). ffmpeg works on local files: its input is fetched, and its output is stored.
/// </remarks>
public abstract class MediaStore
{
    private const int CopyBytes = 128 * 1024;

    /// <summary>Of a file that is still being written.</summary>
    internal const string PartialSuffix = ".partial";

    /// <summary>Everything that is made from an original.</summary>
    protected static readonly TrackFile[] Copies =
    [
        TrackFile.Opus,
        TrackFile.Mp3,
        TrackFile.WaveformOverview,
        TrackFile.WaveformFine,
    ];

    /// <summary>
    /// Set after creation: the umask cuts the mode of a new file, and may also be too narrow for the group.
    /// </summary>
    internal const UnixFileMode FileMode640 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    internal const UnixFileMode FolderMode750 =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute;

    private readonly string _staging;
    private readonly long _uploadBytesMax;
    private readonly TimeProvider _time;

    /// <param name="uploadBytesMax">MAX_UPLOAD_SIZE.</param>
    protected MediaStore(string root, long uploadBytesMax, TimeProvider time)
    {
        _uploadBytesMax = uploadBytesMax;
        _time = time;
        _staging = Path.Combine(Path.GetFullPath(root), "staging");
        MakeFolder(_staging);
    }

    /// <summary>
    /// Copies an upload to the staging area. An early end (the limit, a fault, a cancelled request) leaves nothing
    /// behind.
    /// </summary>
    /// <exception cref="MediaStorageException">
    /// It could not be written. Exceptions from reading <paramref name="content"/> pass through unchanged.
    /// </exception>
    public async Task<StageResult> StageAsync(Guid uploadId, Stream content, CancellationToken cancellation)
    {
        var path = StagedPath(uploadId);
        // An id is used once: an existing file with it is a fault, and this call must not delete it.
        await using var file = Create(path);
        var complete = false;
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[CopyBytes];
            var written = 0L;
            while (await content.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                if (written + read > _uploadBytesMax)
                    return new UploadTooLarge(_uploadBytesMax);
                await WriteAsync(file, buffer.AsMemory(0, read), cancellation);
                hash.AppendData(buffer, 0, read);
                written += read;
            }
            Flush(file);
            complete = true;
            MediaMetrics.StagedBytes.Add(written);
            return new Staged(uploadId, path, written, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            if (!complete)
                File.Delete(path);
        }
    }

    /// <summary>Creates a file that only this user and its group may read. It must not exist.</summary>
    protected static FileStream Create(string path)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        try
        {
            var file = new FileStream(path, options);
            File.SetUnixFileMode(file.SafeFileHandle, FileMode640);
            return file;
        }
        catch (IOException fault)
        {
            throw new MediaStorageException(fault);
        }
    }

    /// <summary>
    /// Creates a folder that only this user and its group may enter. Sets the mode in spite of the umask, and for an
    /// existing folder too.
    /// </summary>
    protected static void MakeFolder(string folder)
    {
        Directory.CreateDirectory(folder, FolderMode750);
        if (File.GetUnixFileMode(folder) != FolderMode750)
            File.SetUnixFileMode(folder, FolderMode750);
    }

    private static async Task WriteAsync(FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await file.WriteAsync(bytes, cancellation);
        }
        catch (IOException fault)
        {
            throw new MediaStorageException(fault);
        }
    }

    /// <summary>An acknowledged upload must survive a crash of the machine, as the event that names it does.</summary>
    protected static void Flush(FileStream file)
    {
        try
        {
            file.Flush(flushToDisk: true);
        }
        catch (IOException fault)
        {
            throw new MediaStorageException(fault);
        }
    }

    /// <summary>Stores a staged upload as the track's original, and removes it from staging.</summary>
    public abstract Task KeepAsync(Guid uploadId, Guid trackId, CancellationToken ct);

    /// <summary>Deletes a staged upload. A missing one is not a fault.</summary>
    public void Discard(Guid uploadId) => File.Delete(StagedPath(uploadId));

    /// <returns>The size of a track's file; null when it does not exist.</returns>
    public abstract Task<long?> BytesAsync(Guid trackId, TrackFile file, CancellationToken ct);

    /// <returns>The file's bytes, readable from any position.</returns>
    /// <exception cref="IOException">It does not exist, or cannot be read.</exception>
    public abstract Task<Stream> OpenAsync(Guid trackId, TrackFile file, CancellationToken ct);

    /// <returns>The local path of the original, valid until <see cref="EndWork"/>.</returns>
    /// <exception cref="IOException">It does not exist, or cannot be read or written.</exception>
    public abstract Task<string> TakeOriginalAsync(Guid trackId, CancellationToken ct);

    /// <summary>The local path for a new copy, before <see cref="KeepCopyAsync"/> stores it.</summary>
    public abstract string CopyPath(Guid trackId, TrackFile file);

    /// <summary>Stores the copy that was made at <see cref="CopyPath"/>.</summary>
    public abstract Task KeepCopyAsync(Guid trackId, TrackFile file, CancellationToken ct);

    /// <summary>Stores a small copy that is made in memory. It appears whole or not at all.</summary>
    /// <exception cref="MediaStorageException">It could not be written.</exception>
    public async Task KeepCopyAsync(Guid trackId, TrackFile file, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var path = CopyPath(trackId, file);
        // A node that lost its lease on the work may be writing the same copy.
        var partial = $"{path}.{Path.GetRandomFileName()}{PartialSuffix}";
        try
        {
            await using (var written = Create(partial))
            {
                await WriteAsync(written, content, ct);
                Flush(written);
            }
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            if (File.Exists(partial))
                File.Delete(partial);
        }
        await KeepCopyAsync(trackId, file, ct);
    }

    /// <summary>Removes the local files of the work on a track that are not stored.</summary>
    public abstract void EndWork(Guid trackId);

    /// <summary>Removes the copies of a track; its original stays.</summary>
    public abstract Task DeleteCopiesAsync(Guid trackId, CancellationToken ct);

    /// <summary>Records durably, beside the original, that work on it begins.</summary>
    /// <returns>
    /// How many attempts have begun since the last <see cref="EndAttemptAsync"/>, including this one: all others died
    /// with their process.
    /// </returns>
    /// <exception cref="MediaStorageException">It could not be written.</exception>
    public abstract Task<int> BeginAttemptAsync(Guid trackId, CancellationToken ct);

    /// <summary>Records that the work ended, with any result, without the death of its process.</summary>
    public abstract Task EndAttemptAsync(Guid trackId, CancellationToken ct);

    /// <summary>Removes all of a track's files. A track without any is not a fault.</summary>
    public abstract Task DeleteAsync(Guid trackId, CancellationToken ct);

    /// <summary>
    /// Records that an account is erased, outside the database, so that a restore to an earlier moment can erase it
    /// again. Repeating it changes nothing.
    /// </summary>
    /// <exception cref="MediaStorageException">It could not be written.</exception>
    public abstract Task RecordErasureAsync(Guid account, CancellationToken ct);

    /// <returns>Every account that was recorded as erased, in any order.</returns>
    /// <exception cref="MediaStorageException">They could not be read.</exception>
    public abstract IAsyncEnumerable<Guid> ErasuresAsync(CancellationToken ct);

    /// <summary>Removes staged uploads without recent writes: their requests died with the process.</summary>
    /// <returns>How many were removed.</returns>
    public int SweepStaging(TimeSpan age)
    {
        var before = _time.GetUtcNow().UtcDateTime - age;
        var stale = new DirectoryInfo(_staging).EnumerateFiles().Where(f => f.LastWriteTimeUtc < before).ToList();
        stale.ForEach(f => f.Delete());
        return stale.Count;
    }

    protected static string NameOf(TrackFile file) =>
        file switch
        {
            TrackFile.Original => "original",
            TrackFile.Opus => "opus",
            TrackFile.Mp3 => "mp3",
            TrackFile.WaveformOverview => "waveform-overview",
            TrackFile.WaveformFine => "waveform-fine",
            _ => throw new ArgumentOutOfRangeException(nameof(file), file, null),
        };

    /// <summary>The folder of empty files, each named by the id of an erased account.</summary>
    protected const string ErasuresName = "erased";

    /// <summary>The file beside a track's files that counts attempts.</summary>
    protected const string AttemptsName = "attempts";

    protected string StagedPath(Guid uploadId) => Path.Combine(_staging, uploadId.ToString("N"));

    /// <summary>
    /// The local path of a file that is processed here and stored elsewhere; the sweep finds it when its process dies.
    /// </summary>
    protected string WorkPath(Guid trackId, TrackFile file) => $"{StagedPath(trackId)}.{NameOf(file)}";
}
