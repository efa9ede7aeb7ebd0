using System.Security.Cryptography;

namespace Veza.Media;

public enum TrackFile
{
    Original,
    Opus,
    Mp3,
}

/// <summary>What became of an upload's bytes: <see cref="Staged"/> or <see cref="UploadTooLarge"/>.</summary>
public abstract record StageResult;

/// <param name="Path">Where the bytes are, for looking at them before they are kept.</param>
/// <param name="Sha256">Of the bytes, in lower-case hexadecimal.</param>
public sealed record Staged(Guid UploadId, string Path, long Bytes, string Sha256) : StageResult;

public sealed record UploadTooLarge(long UploadBytesMax) : StageResult
{
    public string Detail => $"the upload is larger than MAX_UPLOAD_SIZE, {UploadBytesMax:N0} bytes";
}

/// <summary>
/// The disk is full, or fails; or the object storage does. Of whoever sent the bytes it says nothing.
/// </summary>
public sealed class MediaStorageException(IOException fault) : IOException(fault.Message, fault);

/// <summary>
/// The tracks' files, and the staging area that uploads come through. Names are made of ids alone, so no name anybody
/// sends can lead out of it.
/// </summary>
/// <remarks>
/// Staging is a local folder; the files are kept in the same one (<see cref="FolderStore"/>) or in a bucket
/// (<see cref="BucketStore"/>). ffmpeg works on local files: what it reads is taken, and what it makes is kept.
/// </remarks>
public abstract class MediaStore
{
    private const int CopyBytes = 128 * 1024;

    /// <summary>
    /// Set after making: what a file is made with is cut by the umask, which may also be too narrow for the group.
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
    /// Copies an upload to the staging area. Whatever stops it (the limit, a fault, a cancelled request) leaves nothing
    /// behind.
    /// </summary>
    /// <exception cref="MediaStorageException">
    /// It could not be written. What reading <paramref name="content"/> throws goes through as it is.
    /// </exception>
    public async Task<StageResult> StageAsync(Guid uploadId, Stream content, CancellationToken cancellation)
    {
        var path = StagedPath(uploadId);
        // An id is used once: finding its file here is a fault, and the file is not this call's to delete.
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

    /// <summary>Makes a file that only this user and its group may read; there must be none.</summary>
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
    /// Makes a folder that only this user and its group may enter, whatever the umask and whether it was there.
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

    /// <summary>Once the upload is acknowledged it must survive the machine, as the event that names it does.</summary>
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

    /// <summary>Keeps a staged upload as the track's original; it is no longer staged then.</summary>
    public abstract Task KeepAsync(Guid uploadId, Guid trackId, CancellationToken ct);

    /// <summary>Gives up a staged upload. One that is not there is no fault.</summary>
    public void Discard(Guid uploadId) => File.Delete(StagedPath(uploadId));

    /// <returns>How large a track's file is; null when it is not there.</returns>
    public abstract Task<long?> BytesAsync(Guid trackId, TrackFile file, CancellationToken ct);

    /// <returns>The file's bytes; they can be read from any position on.</returns>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public abstract Task<Stream> OpenAsync(Guid trackId, TrackFile file, CancellationToken ct);

    /// <returns>Where the original can be read on this machine, until <see cref="EndWork"/>.</returns>
    /// <exception cref="IOException">It is not there, or cannot be read or written.</exception>
    public abstract Task<string> TakeOriginalAsync(Guid trackId, CancellationToken ct);

    /// <summary>Where a copy is to be made on this machine; <see cref="KeepCopyAsync"/> keeps it then.</summary>
    public abstract string CopyPath(Guid trackId, TrackFile file);

    /// <summary>Keeps the copy that was made at <see cref="CopyPath"/>.</summary>
    public abstract Task KeepCopyAsync(Guid trackId, TrackFile file, CancellationToken ct);

    /// <summary>Removes what the work on a track left on this machine and is not kept.</summary>
    public abstract void EndWork(Guid trackId);

    /// <summary>Removes the copies of a track that were made; its original stays.</summary>
    public abstract Task DeleteCopiesAsync(Guid trackId, CancellationToken ct);

    /// <summary>Notes beside the original, durably, that work on it begins.</summary>
    /// <returns>
    /// How often it has begun without <see cref="EndAttemptAsync"/> since, this time included: all others died with
    /// their process.
    /// </returns>
    /// <exception cref="MediaStorageException">It could not be written.</exception>
    public abstract Task<int> BeginAttemptAsync(Guid trackId, CancellationToken ct);

    /// <summary>However the work ended, its process did not end with it.</summary>
    public abstract Task EndAttemptAsync(Guid trackId, CancellationToken ct);

    /// <summary>Removes all of a track's files. A track without any is no fault.</summary>
    public abstract Task DeleteAsync(Guid trackId, CancellationToken ct);

    /// <summary>
    /// Removes staged uploads that nothing was written to for a while: their requests died with the process.
    /// </summary>
    /// <returns>How many there were.</returns>
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
            _ => throw new ArgumentOutOfRangeException(nameof(file), file, null),
        };

    /// <summary>Beside a track's files: how often work on it has begun.</summary>
    protected const string AttemptsName = "attempts";

    protected string StagedPath(Guid uploadId) => Path.Combine(_staging, uploadId.ToString("N"));

    /// <summary>
    /// Of a file that is worked on here and kept elsewhere; the sweep finds it when its process dies.
    /// </summary>
    protected string WorkPath(Guid trackId, TrackFile file) => $"{StagedPath(trackId)}.{NameOf(file)}";
}
