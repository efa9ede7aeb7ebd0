using System.Globalization;

namespace Veza.Mail;

/// <summary>
/// For development: puts each letter into a file of its own, which mail programs open, and says where.
/// </summary>
/// <param name="folder">Made if it is not there, for this user alone.</param>
/// <param name="written">Given the account that a letter is about and the path of its file.</param>
public sealed class FileMailer(string folder, TimeProvider clock, Action<Guid, string> written) : IMailer
{
    public const string From = "veza@veza.localhost";

    /// <summary>Files kept, some kilobytes each; the oldest go first.</summary>
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
        // Put in place whole, for those who watch the folder.
        var draft = path + ".part";
        await using (var file = new FileStream(draft, options))
            await message.WriteToAsync(file, ct);
        File.Move(draft, path);
        Prune();
        written(letter.AccountId, path);
    }

    public void Forget(Guid accountId)
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
            // Their names begin with their time.
            foreach (var file in files.Order(StringComparer.Ordinal).Take(files.Length - FilesMax))
                File.Delete(file);
        }
    }
}
