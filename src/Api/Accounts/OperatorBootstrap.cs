using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Accounts;

/// <summary>
/// In development, creates the account <c>operator</c>, which may do everything, and writes its password to a file.
/// </summary>
public sealed class OperatorBootstrap(
    EventLog log,
    CommandBus bus,
    Passwords passwords,
    ILogger<OperatorBootstrap> logger
)
{
    public const string UserName = "operator";
    public const string FileName = "operator.json";

    /// <summary>Does nothing when the name is taken, by any account.</summary>
    /// <param name="folder">
    /// Folder of the file, which only this user can read. It is created if missing: with configured secrets and an
    /// external database nothing else creates it.
    /// </param>
    public async Task RunAsync(string folder, CancellationToken ct)
    {
        if (await log.Reader.FindNameAsync(Account.UserNameScope, UserName, ct) is not null)
            return;
        var id = Guid.CreateVersion7();
        var password = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        var file = Path.Combine(folder, FileName);
        Directory.CreateDirectory(folder);
        // Written before the account is created and moved into place after. So a password is never lost, and a refused
        // one never stays there.
        var draft = $"{file}.{id:N}";
        await using (
            var stream = new FileStream(
                draft,
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            )
        )
            await JsonSerializer.SerializeAsync(stream, new { userName = UserName, password }, cancellationToken: ct);
        var result = await bus.SendAsync(
            new RegisterAccount(
                id,
                UserName,
                "operator@veza.localhost",
                passwords.Hash(password),
                Roles: [PlatformRole.Operator, PlatformRole.Analyst]
            ),
            new CommandContext(id, AccountId: null),
            answer: null,
            CancellationToken.None
        );
        if (result is CommandResult.Refused refused)
        {
            File.Delete(draft);
            logger.LogInformation("The account {UserName} was not made: {Reason}", UserName, refused.Refusal.Detail);
            return;
        }
        File.Move(draft, file, overwrite: true);
        logger.LogInformation("Made the account {UserName}; its password is in {File}", UserName, file);
    }
}
