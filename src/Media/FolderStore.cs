using System.Runtime.CompilerServices;

namespace Veza.Media;

/// <summary>Stores the tracks' files in a folder that all nodes share if they upload, serve or process.</summary>
/// <remarks>
/// Staging is under the same root, hence on the same file system, so that moving into place is one atomic rename.
/// </remarks>
public sealed class FolderStore : MediaStore
{
    private readonly string _tracks;
    private readonly string _erasures;

    /// <param name="uploadBytesMax">MAX_UPLOAD_SIZE.</param>
    public FolderStore(string root, long uploadBytesMax, TimeProvider time)
        : base(root, uploadBytesMax, time)
    {
        _tracks = Path.Combine(Path.GetFullPath(root), "tracks");
        MakeFolder(_tracks);
        _erasures = Path.Combine(Path.GetFullPath(root), ErasuresName);
    }

    public override Task KeepAsync(Guid uploadId, Guid trackId, CancellationToken ct)
    {
        MakeFolder(TrackFolder(trackId));
        File.Move(StagedPath(uploadId), PathOf(trackId, TrackFile.Original), overwrite: true);
        return Task.CompletedTask;
    }

    /// <summary>The path of a track's file, whether or not it exists.</summary>
    public string PathOf(Guid trackId, TrackFile file) => Path.Combine(TrackFolder(trackId), NameOf(file));

    public override Task<long?> BytesAsync(Guid trackId, TrackFile file, CancellationToken ct)
    {
        var info = new FileInfo(PathOf(trackId, file));
        return Task.FromResult<long?>(info.Exists ? info.Length : null);
    }

    public override Task<Stream> OpenAsync(Guid trackId, TrackFile file, CancellationToken ct) =>
        Task.FromResult<Stream>(
            new FileStream(
                PathOf(trackId, file),
                new FileStreamOptions
                {
                    Mode = FileMode.Open,
                    Access = FileAccess.Read,
                    Share = FileShare.ReadWrite | FileShare.Delete,
                    // The reader has a buffer.
                    BufferSize = 0,
                    Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
                }
            )
        );

    /// <summary>The file itself: ffmpeg reads and writes in the folder.</summary>
    public override Task<string> TakeOriginalAsync(Guid trackId, CancellationToken ct) =>
        Task.FromResult(PathOf(trackId, TrackFile.Original));

    public override string CopyPath(Guid trackId, TrackFile file) => PathOf(trackId, file);

    public override Task KeepCopyAsync(Guid trackId, TrackFile file, CancellationToken ct) => Task.CompletedTask;

    public override void EndWork(Guid trackId) { }

    public override Task DeleteCopiesAsync(Guid trackId, CancellationToken ct)
    {
        if (!Directory.Exists(TrackFolder(trackId)))
            return Task.CompletedTask;
        foreach (var copy in Copies)
            File.Delete(PathOf(trackId, copy));
        return Task.CompletedTask;
    }

    public override Task<int> BeginAttemptAsync(Guid trackId, CancellationToken ct)
    {
        try
        {
            using var file = new FileStream(AttemptsPath(trackId), FileMode.Append, FileAccess.Write);
            file.WriteByte((byte)'.');
            Flush(file);
            return Task.FromResult((int)file.Length);
        }
        catch (IOException fault)
        {
            return Task.FromException<int>(new MediaStorageException(fault));
        }
    }

    public override Task EndAttemptAsync(Guid trackId, CancellationToken ct)
    {
        if (Directory.Exists(TrackFolder(trackId)))
            File.Delete(AttemptsPath(trackId));
        return Task.CompletedTask;
    }

    public override Task DeleteAsync(Guid trackId, CancellationToken ct)
    {
        var folder = TrackFolder(trackId);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        return Task.CompletedTask;
    }

    public override Task RecordErasureAsync(Guid account, CancellationToken ct)
    {
        try
        {
            MakeFolder(_erasures);
            var path = Path.Combine(_erasures, account.ToString("N"));
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
            Flush(file);
            return Task.CompletedTask;
        }
        catch (IOException fault)
        {
            return Task.FromException(new MediaStorageException(fault));
        }
    }

    public override async IAsyncEnumerable<Guid> ErasuresAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        var folder = new DirectoryInfo(_erasures);
        if (!folder.Exists)
            yield break;
        foreach (var file in folder.EnumerateFiles())
            if (Guid.TryParseExact(file.Name, "N", out var account))
                yield return account;
    }

    private string AttemptsPath(Guid trackId) => Path.Combine(TrackFolder(trackId), AttemptsName);

    private string TrackFolder(Guid trackId) => Path.Combine(_tracks, trackId.ToString("N"));
}
