using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api.Accounts;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Integration.Tests.Accounts;

public sealed class OperatorBootstrapTests(TestLog log) : IClassFixture<TestLog>, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("veza-operator-");
    private readonly Passwords _passwords = new();

    private string FilePath => Path.Combine(_folder.FullName, OperatorBootstrap.FileName);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_first_start_makes_the_operator_and_later_ones_leave_it_alone()
    {
        var bootstrap = new OperatorBootstrap(
            log.Log,
            log.CommandBus,
            _passwords,
            NullLogger<OperatorBootstrap>.Instance
        );
        await bootstrap.RunAsync(_folder.FullName, TestContext.Current.CancellationToken);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        var written = await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken);
        var credentials = JsonDocument.Parse(written).RootElement;
        Assert.Equal("operator", credentials.GetProperty("userName").GetString());

        var id = await log.Log.Reader.FindNameAsync(
            Account.UserNameScope,
            "operator",
            TestContext.Current.CancellationToken
        );
        var account = (Account)
            (
                await log.Log.Aggregates.LoadAsync(typeof(Account), id!.Value, TestContext.Current.CancellationToken)
            ).State!;
        Assert.Equal([PlatformRole.Analyst, PlatformRole.Operator, PlatformRole.User], account.Roles);
        Assert.True(_passwords.Fits(account.PasswordHash, credentials.GetProperty("password").GetString()));

        var head = log.Log.Head;
        await bootstrap.RunAsync(_folder.FullName, TestContext.Current.CancellationToken);
        Assert.Equal(head, log.Log.Head);
        Assert.Equal(written, await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken));
        Assert.Single(_folder.GetFiles());
    }
}
