using System.Security.Cryptography;

namespace Veza.Media;

public enum TrackFile { Original, Opus, Mp3 }

/// <summary>What became of an upload's bytes: <see cref="Staged"/> or <see cref="UploadTooLarge"/>.</summary>
public abstract record StageResult;

/// <param name="Path">Where the bytes are, for looking at them before they are kept.</param>
/// <param name="Sha256">Of the bytes, in lower-case hexadecimal.</param>
public sealed record Staged(Guid UploadId, string Path, long Bytes, string Sha256) : StageResult;

public sealed record UploadTooLarge(long UploadBytesMax) : StageResult
{
    public string Detail => $"the upload is larger than MAX_UPLOAD_SIZE, {UploadBytesMax:N0} bytes";
}

/// <summary>The disk is full, or fails. Of whoever sent the bytes it says nothing.</summary>
public sealed class MediaStorageException(IOException fault) : IOException(fault.Message, fault);

/// <summary>The files under one root folder. Names are made of ids alone, so no name anybody sends can lead out of it.</summary>
/// <remarks>Staging is under the same root, hence on the same file system, so that moving into place is one atomic rename.</remarks>
public sealed class MediaStore
{
    private const int CopyBytes = 128 * 1024;

    /// <summary>
    /// Set after making: what a file is made with is cut by the umask, which may also be too narrow for the group.
    /// </summary>
    internal const UnixFileMode FileMode640 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    internal const UnixFileMode FolderMode750 =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    private readonly string _staging;
    private readonly string _tracks;
    private readonly long _uploadBytesMax;
    private readonly TimeProvider _time;

    /// <param name="uploadBytesMax">MAX_UPLOAD_SIZE.</param>
    public MediaStore(string root, long uploadBytesMax, TimeProvider time)
    {
        (_uploadBytesMax, _time) = (uploadBytesMax, time);
        _staging = Path.Combine(Path.GetFullPath(root), "staging");
        _tracks = Path.Combine(Path.GetFullPath(root), "tracks");
        MakeFolder(_staging);
        MakeFolder(_tracks);
    }

    /// <summary>Copies an upload to the staging area. Whatever stops it (the limit, a fault, a cancelled request) leaves nothing behind.</summary>
    /// <exception cref="MediaStorageException">It could not be written. What reading <paramref name="content"/> throws goes through as it is.</exception>
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
                if (written + read > _uploadBytesMax) return new UploadTooLarge(_uploadBytesMax);
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
            if (!complete) File.Delete(path);
        }
    }

    private static FileStream Create(string path)
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
        catch (IOException fault) { throw new MediaStorageException(fault); }
    }

    /// <summary>
    /// Makes a folder that only this user and its group may enter, whatever the umask and whether it was there.
    /// </summary>
    private static void MakeFolder(string folder)
    {
        Directory.CreateDirectory(folder, FolderMode750);
        if (File.GetUnixFileMode(folder) != FolderMode750) File.SetUnixFileMode(folder, FolderMode750);
    }

    private static async Task WriteAsync(FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try { await file.WriteAsync(bytes, cancellation); }
        catch (IOException fault) { throw new MediaStorageException(fault); }
    }

    /// <summary>Once the upload is acknowledged it must survive the machine, as the event that names it does.</summary>
    private static void Flush(FileStream file)
    {
        try { file.Flush(flushToDisk: true); }
        catch (IOException fault) { throw new MediaStorageException(fault); }
    }

    /// <summary>Moves a staged upload into place as the track's original.</summary>
    public void Keep(Guid uploadId, Guid trackId)
    {
        MakeFolder(TrackFolder(trackId));
        File.Move(StagedPath(uploadId), PathOf(trackId, TrackFile.Original), overwrite: true);
    }

    /// <summary>Gives up a staged upload. One that is not there is no fault.</summary>
    public void Discard(Guid uploadId) => File.Delete(StagedPath(uploadId));

    /// <summary>Where a track's file is or would be.</summary>
    public string PathOf(Guid trackId, TrackFile file) => Path.Combine(TrackFolder(trackId), file switch
    {
        TrackFile.Original => "original",
        TrackFile.Opus => "opus",
        TrackFile.Mp3 => "mp3",
        _ => throw new ArgumentOutOfRangeException(nameof(file), file, null),
    });

    public bool Has(Guid trackId, TrackFile file) => File.Exists(PathOf(trackId, file));

    /// <summary>Removes the copies of a track that were made; its original stays.</summary>
    public void DeleteCopies(Guid trackId)
    {
        if (!Directory.Exists(TrackFolder(trackId))) return;
        File.Delete(PathOf(trackId, TrackFile.Opus));
        File.Delete(PathOf(trackId, TrackFile.Mp3));
    }

    /// <summary>Notes beside the original, durably, that work on it begins.</summary>
    /// <returns>How often it has begun without <see cref="EndAttempt"/> since, this time included: all others died with their process.</returns>
    /// <exception cref="MediaStorageException">It could not be written.</exception>
    public int BeginAttempt(Guid trackId)
    {
        try
        {
            using var file = new FileStream(AttemptsPath(trackId), FileMode.Append, FileAccess.Write);
            file.WriteByte((byte)'.');
            Flush(file);
            return (int)file.Length;
        }
        catch (IOException fault) { throw new MediaStorageException(fault); }
    }

    /// <summary>However the work ended, its process did not end with it.</summary>
    public void EndAttempt(Guid trackId)
    {
        if (Directory.Exists(TrackFolder(trackId))) File.Delete(AttemptsPath(trackId));
    }

    /// <summary>Removes all of a track's files. A track without any is no fault.</summary>
    public void Delete(Guid trackId)
    {
        var folder = TrackFolder(trackId);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Removes staged uploads that nothing was written to for a while: their requests died with the process.</summary>
    /// <returns>How many there were.</returns>
    public int SweepStaging(TimeSpan age)
    {
        var before = _time.GetUtcNow().UtcDateTime - age;
        var stale = new DirectoryInfo(_staging).EnumerateFiles().Where(f => f.LastWriteTimeUtc < before).ToList();
        stale.ForEach(f => f.Delete());
        return stale.Count;
    }

    private string StagedPath(Guid uploadId) => Path.Combine(_staging, uploadId.ToString("N"));
    private string AttemptsPath(Guid trackId) => Path.Combine(TrackFolder(trackId), "attempts");
    private string TrackFolder(Guid trackId) => Path.Combine(_tracks, trackId.ToString("N"));
}
