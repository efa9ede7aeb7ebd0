using System.Globalization;

namespace Veza.Mail;

/// <summary>
/// For development: writes each letter into a file that mail programs open. Any thread may call it.
/// </summary>
/// <param name="folder">Created if it is missing, for this user alone.</param>
/// <param name="written">Called with the account that a letter is about and the path of its file.</param>
public sealed class FileMailer(string folder, TimeProvider clock, Action<Guid, string> written) : IMailer
{
    public const string From = "veza@veza.localhost";

    /// <summary>Files in the folder, of some kilobytes each. The oldest are deleted first.</summary>
    public const int FilesMax = 1000;

    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Lock _gate = new();

    public bool IsConfigured => true;

    public async Task SendAsync(Letter letter, CancellationToken ct)
    {
        var at = clock.GetUtcNow().ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture);
        var path = Path.Combine(folder, $"{at}-{Guid.CreateVersion7():N}-{letter.AccountId:N}.eml");
        Directory.CreateDirectory(folder, OwnersFile | UnixFileMode.UserExecute);
        using var message = Messages.Of(letter, From);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnersFile,
        };
        // Moved into place when it is whole, for programs that watch the folder.
        var draft = path + ".part";
        await using (var file = new FileStream(draft, options))
            await message.WriteToAsync(file, ct);
        File.Move(draft, path);
        Prune();
        written(letter.AccountId, path);
    }

    public void DeleteLetters(Guid accountId)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var file in Directory.EnumerateFiles(folder, $"*-{accountId:N}.eml"))
            File.Delete(file);
    }

    private void Prune()
    {
        lock (_gate)
        {
            var files = Directory.GetFiles(folder, "*.eml");
            // The files' names begin with their time.
            foreach (var file in files.Order(StringComparer.Ordinal).Take(files.Length - FilesMax))
                File.Delete(file);
        }
    }
}
