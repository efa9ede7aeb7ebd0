using System.Diagnostics;
using System.Globalization;
using Veza.Tests;

namespace Veza.Deploy.Tests.Recovery;

/// <summary>Media and their backup, one of which is a bucket: backup.sh and restore-media.sh on a host.</summary>
public sealed class MediaBackupTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("veza-media-").FullName;
    private readonly int _port = Loopback.FreePort();
    private Dictionary<string, string> _environment = [];
    private string _rclone = "";
    private Process _s3 = null!;

    public async ValueTask InitializeAsync()
    {
        _rclone = await Shell.DebianFileAsync("rclone", "usr/bin/rclone");
        _environment = new()
        {
            ["PATH"] = $"{Path.GetDirectoryName(_rclone)}:{Environment.GetEnvironmentVariable("PATH")}",
            ["BACKUP_SETTINGS"] = Path.Combine(_folder, "backup.env"),
            ["RCLONE_CONFIG"] = Path.Combine(_folder, "rclone.conf"),
            ["RCLONE_NO_CHECK_CERTIFICATE"] = "true",
            // rclone's S3 takes no bundle of certificates from Amazon's variable.
            ["AWS_CA_BUNDLE"] = "",
        };
        await File.WriteAllTextAsync(
            _environment["RCLONE_CONFIG"],
            $"""
            [s3]
            type = s3
            provider = Other
            access_key_id = S3RVER
            secret_access_key = S3RVER
            endpoint = https://127.0.0.1:{_port}
            region = eu-west-1
            force_path_style = true
            no_check_bucket = true
            """
        );
        string[] arguments =
        [
            Path.Combine(_folder, "s3"),
            "127.0.0.1",
            _port.ToString(CultureInfo.InvariantCulture),
            "bucket",
        ];
        _s3 = Process.Start(
            new ProcessStartInfo(Path.Combine(Shell.Root, "deploy/test/s3"), arguments)
            {
                RedirectStandardOutput = true,
            }
        )!;
        Assert.Equal("serving", await _s3.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        _s3.Kill(entireProcessTree: true);
        await _s3.WaitForExitAsync(TestContext.Current.CancellationToken);
        _s3.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("media", "s3:bucket/backup")]
    [InlineData("s3:bucket/media", "backup")]
    public async Task Media_come_back_from_their_backup_whole_or_not_at_all(string media, string backup)
    {
        var (from, to) = (PathOf(media), PathOf(backup));
        await File.WriteAllTextAsync(
            _environment["BACKUP_SETTINGS"],
            $"BACKUP_PATH={_folder}\nBACKUP_MEDIA_FROM={from}\nBACKUP_MEDIA_TO={to}\nTEXTFILE_FOLDER={_folder}\n"
        );
        await PutAsync(from, "tracks/a/original", "first");
        await PutAsync(from, "tracks/b/original", "second");
        await PutAsync(from, "erased/c", "");

        Assert.Contains("3 files, 3 of them new", (await BackUpAsync("media")).Errors);
        await PutAsync(from, "tracks/d/original", "third");
        await RcloneAsync("deletefile", $"{from}/tracks/b/original");
        Assert.Contains("3 files, 1 of them new", (await BackUpAsync("media")).Errors);
        await BackUpAsync("media-check");

        await RcloneAsync("purge", from);
        Assert.Contains("3 files, each with its checksum", (await RestoreAsync("now")).Errors);
        Assert.Equal("first", await RcloneAsync("cat", $"{from}/tracks/a/original"));
        Assert.Equal("third", await RcloneAsync("cat", $"{from}/tracks/d/original"));
        Assert.Equal("", await RcloneAsync("cat", $"{from}/erased/c"));

        // What was removed since a moment comes back too, for a log of that moment.
        await RestoreAsync(TimeProvider.System.GetUtcNow().AddDays(-1).ToString("O", CultureInfo.InvariantCulture));
        Assert.Equal("second", await RcloneAsync("cat", $"{from}/tracks/b/original"));

        await PutAsync($"{to}/files", "tracks/a/original", "fürst");
        Assert.NotEqual(0, (await Shell.RunAsync("deploy/scripts/backup.sh", ["media-check"], _environment)).Code);
        await RcloneAsync("purge", from);
        Assert.NotEqual(0, (await Shell.RunAsync("deploy/scripts/restore-media.sh", ["now"], _environment)).Code);
    }

    private string PathOf(string path) => path.Contains(':') ? path : Path.Combine(_folder, path);

    private async Task PutAsync(string to, string name, string content)
    {
        var file = Path.Combine(_folder, "content");
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        await RcloneAsync("copyto", file, $"{to}/{name}");
    }

    private async Task<string> RcloneAsync(params string[] arguments) =>
        (await Shell.RunAsync(_rclone, arguments, _environment)).Succeeded();

    private Task<ShellResult> BackUpAsync(string verb) => DoneAsync("deploy/scripts/backup.sh", verb);

    private Task<ShellResult> RestoreAsync(string since) => DoneAsync("deploy/scripts/restore-media.sh", since);

    private async Task<ShellResult> DoneAsync(string script, string argument)
    {
        var result = await Shell.RunAsync(script, [argument], _environment);
        result.Succeeded();
        return result;
    }
}
