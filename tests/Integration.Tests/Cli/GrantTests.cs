using System.Net;
using Veza.Cli;

namespace Veza.Integration.Tests.Cli;

/// <summary>A production has no operator until one is made on the log itself.</summary>
public sealed class GrantTests(VezaServer veza)
{
    private const string ForOperators = "/api/v1/reactors";

    [Fact]
    public async Task An_account_that_is_made_operator_is_one_when_it_signs_in_again()
    {
        var ada = await veza.RegisterAsync("ada");
        await ada.GetAsync(ForOperators).RefusedAsync(HttpStatusCode.Forbidden, "not_allowed");

        Assert.Equal(0, await GrantAsync(ada.UserName.ToUpperInvariant(), TextWriter.Null));

        var session = await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = ada.UserName, password = "correct horse battery" })
            .JsonAsync(HttpStatusCode.Created);
        var again = new Person(veza, ada.Id, ada.UserName, session.GetProperty("accessToken").GetString());
        await again.GetAsync(ForOperators).JsonAsync();
    }

    [Fact]
    public async Task A_name_that_no_account_has_is_said()
    {
        var faults = new StringWriter();
        Assert.Equal(ExitCode.Failed, await GrantAsync("nemo", faults));
        Assert.Equal("veza: there is no account nemo\n", faults.ToString());
    }

    private Task<int> GrantAsync(string name, TextWriter faults) =>
        AccountsCommand.GrantAsync(
            VezaServer.Settings(veza.Home),
            veza.ConnectionString,
            name,
            "operator",
            TextWriter.Null,
            faults,
            TestContext.Current.CancellationToken
        );
}
