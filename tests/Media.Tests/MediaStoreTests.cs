using System.Security.Cryptography;

namespace Veza.Media.Tests;

public sealed class MediaStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("veza-store-").FullName;
    private readonly FolderStore _store;
    private readonly Guid _upload = Guid.CreateVersion7();
    private readonly Guid _track = Guid.CreateVersion7();

    public MediaStoreTests() => _store = new FolderStore(_root, uploadBytesMax: 1000, TimeProvider.System);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string[] Files() => Directory.GetFiles(_root, "*", SearchOption.AllDirectories);

    [Fact]
    public async Task An_upload_of_exactly_the_limit_is_staged_and_kept()
    {
        var bytes = new byte[1000];
        new Random(1).NextBytes(bytes);
        var staged = Assert.IsType<Staged>(
            await _store.StageAsync(_upload, new MemoryStream(bytes), CancellationToken.None)
        );
        Assert.Equal(1000, staged.Bytes);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), staged.Sha256);
        await _store.KeepAsync(_upload, _track, CancellationToken.None);
        var kept = Assert.Single(Files());
        Assert.Equal(Path.Combine(_root, "tracks", _track.ToString("N"), "original"), kept);
        Assert.Equal(kept, _store.PathOf(_track, TrackFile.Original));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(kept));
    }

    [Fact]
    public async Task One_byte_more_is_refused_by_the_limits_name_and_leaves_nothing()
    {
        var refused = Assert.IsType<UploadTooLarge>(
            await _store.StageAsync(_upload, new MemoryStream(new byte[1001]), CancellationToken.None)
        );
        Assert.Equal("the upload is larger than MAX_UPLOAD_SIZE, 1,000 bytes", refused.Detail);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        await Assert.ThrowsAsync<IOException>(() =>
            _store.StageAsync(_upload, new BreakingStream(), CancellationToken.None)
        );
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_staged_upload_can_be_given_up_twice()
    {
        await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None);
        _store.Discard(_upload);
        _store.Discard(_upload);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task The_same_upload_id_twice_is_a_fault_and_spares_the_first()
    {
        await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None);
        await Assert.ThrowsAsync<MediaStorageException>(() =>
            _store.StageAsync(_upload, new MemoryStream(new byte[20]), CancellationToken.None)
        );
        Assert.Equal(10, new FileInfo(Assert.Single(Files())).Length);
    }

    [Fact]
    public async Task Recorded_erasures_are_listed_once_each()
    {
        Assert.Empty(await ErasuresAsync());
        var other = Guid.CreateVersion7();
        foreach (var account in (Guid[])[_track, other, _track])
            await _store.RecordErasureAsync(account, CancellationToken.None);
        Assert.Equal([_track, other], await ErasuresAsync());
        Assert.All(Files(), f => Assert.Equal(0, new FileInfo(f).Length));

        async Task<Guid[]> ErasuresAsync()
        {
            List<Guid> found = [];
            await foreach (var account in _store.ErasuresAsync(CancellationToken.None))
                found.Add(account);
            return [.. found.Order()];
        }
    }

    [Fact]
    public async Task Deleting_a_track_removes_all_of_it_and_nothing_else()
    {
        await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None);
        await _store.KeepAsync(_upload, _track, CancellationToken.None);
        await File.WriteAllTextAsync(_store.PathOf(_track, TrackFile.Opus), "opus");
        var other = Guid.CreateVersion7();
        await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None);
        await _store.KeepAsync(_upload, other, CancellationToken.None);
        await _store.DeleteAsync(_track, CancellationToken.None);
        await _store.DeleteAsync(_track, CancellationToken.None);
        Assert.Null(await _store.BytesAsync(_track, TrackFile.Original, CancellationToken.None));
        Assert.Equal(_store.PathOf(other, TrackFile.Original), Assert.Single(Files()));
    }

    [Fact]
    public async Task Only_stale_staging_is_swept()
    {
        var stale = Assert.IsType<Staged>(
            await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None)
        );
        var fresh = Assert.IsType<Staged>(
            await _store.StageAsync(Guid.CreateVersion7(), new MemoryStream(new byte[10]), CancellationToken.None)
        );
        File.SetLastWriteTimeUtc(stale.Path, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-25));
        Assert.Equal(1, _store.SweepStaging(TimeSpan.FromHours(24)));
        Assert.Equal(fresh.Path, Assert.Single(Files()));
    }

    [Fact]
    public async Task Files_are_open_to_their_user_and_group_only_under_any_umask_and_in_any_folder()
    {
        var root = Path.Combine(_root, "old");
        Directory.CreateDirectory(Path.Combine(root, "staging"));
        File.SetUnixFileMode(
            Path.Combine(root, "staging"),
            UnixFileMode.UserWrite | UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead
        );
        var store = new FolderStore(root, uploadBytesMax: 1000, TimeProvider.System);
        var staged = Assert.IsType<Staged>(
            await store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None)
        );
        Assert.Equal(MediaStore.FileMode640, File.GetUnixFileMode(staged.Path));
        await store.KeepAsync(_upload, _track, CancellationToken.None);
        Assert.Equal(MediaStore.FileMode640, File.GetUnixFileMode(store.PathOf(_track, TrackFile.Original)));
        Assert.All(Directory.GetDirectories(root, "*", SearchOption.AllDirectories), f =>
            Assert.Equal(MediaStore.FolderMode750, File.GetUnixFileMode(f))
        );
        Assert.Equal((0b110_100_000, 0b111_101_000), ((int)MediaStore.FileMode640, (int)MediaStore.FolderMode750));
    }

    [Fact]
    public async Task Attempts_are_counted_beside_the_original_until_one_ends()
    {
        await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None);
        await _store.KeepAsync(_upload, _track, CancellationToken.None);
        // As after a restart, the second store sees only the disk.
        var restarted = new FolderStore(_root, uploadBytesMax: 1000, TimeProvider.System);
        Assert.Equal(1, await _store.BeginAttemptAsync(_track, CancellationToken.None));
        Assert.Equal(2, await restarted.BeginAttemptAsync(_track, CancellationToken.None));
        await _store.EndAttemptAsync(_track, CancellationToken.None);
        Assert.Equal(1, await _store.BeginAttemptAsync(_track, CancellationToken.None));
        await _store.DeleteAsync(_track, CancellationToken.None);
        await _store.EndAttemptAsync(_track, CancellationToken.None);
        Assert.Empty(Files());
        await Assert.ThrowsAsync<MediaStorageException>(() => _store.BeginAttemptAsync(_track, CancellationToken.None));
    }

    [Fact]
    public async Task Copies_can_be_removed_without_their_original()
    {
        await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None);
        await _store.KeepAsync(_upload, _track, CancellationToken.None);
        await File.WriteAllTextAsync(_store.PathOf(_track, TrackFile.Opus), "opus");
        await _store.KeepCopyAsync(_track, TrackFile.WaveformFine, new byte[10], CancellationToken.None);
        await _store.DeleteCopiesAsync(_track, CancellationToken.None);
        await _store.DeleteCopiesAsync(Guid.CreateVersion7(), CancellationToken.None);
        Assert.Equal(_store.PathOf(_track, TrackFile.Original), Assert.Single(Files()));
    }

    [Fact]
    public async Task A_copy_from_memory_replaces_the_former_one_whole()
    {
        await _store.StageAsync(_upload, new MemoryStream(new byte[10]), CancellationToken.None);
        await _store.KeepAsync(_upload, _track, CancellationToken.None);
        await _store.KeepCopyAsync(_track, TrackFile.WaveformOverview, new byte[20], CancellationToken.None);
        await _store.KeepCopyAsync(_track, TrackFile.WaveformOverview, "new"u8.ToArray(), CancellationToken.None);
        var path = _store.PathOf(_track, TrackFile.WaveformOverview);
        Assert.Equal("new", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        Assert.Equal(MediaStore.FileMode640, File.GetUnixFileMode(path));
        Assert.Equal(2, Files().Length);
    }

    private sealed class BreakingStream : MemoryStream
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _reads++ == 0 ? ValueTask.FromResult(100) : throw new IOException("the connection was reset");
    }
}
