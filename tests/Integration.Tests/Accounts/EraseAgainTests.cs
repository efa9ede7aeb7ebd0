using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.Cli;
using Veza.EventStore.Postgres;
using Veza.EventStore.Verification;
using Veza.Media;

namespace Veza.Integration.Tests.Accounts;

/// <summary>A log that is restored to a moment before an erasure loses the account again.</summary>
public sealed class EraseAgainTests : IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("veza-erase-").FullName;
    private LocalPostgres _postgres = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);

    public async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task Accounts_that_a_restore_brought_back_are_erased_again_and_only_they()
    {
        Person ada,
            bo,
            cy;
        string messages;
        var first = await NodeAsync("veza");
        await using (first.Running)
        {
            ada = await first.RegisterAsync("ada");
            bo = await first.RegisterAsync("bo");
            cy = await first.RegisterAsync("cy");
            var community = await cy.PostAsync("/api/v1/communities", new { name = "Vinyl diggers" })
                .JsonAsync(HttpStatusCode.Created);
            messages = $"/api/v1/channels/{community.GetProperty("generalChannelId").GetGuid()}/messages";
            foreach (var person in (Person[])[ada, bo, cy])
            {
                await person.PutAsync($"/api/v1/communities/{community.Id()}/members/me").JsonAsync();
                await person
                    .PostAsync(messages, new { text = $"{person.UserName} was here" })
                    .JsonAsync(HttpStatusCode.Created);
            }
            await first.Running.Projections.WaitAsync(
                first.Running.Projections.Status.Select(p => p.Name),
                first.Running.Log.Head,
                Stop
            );
        }
        await ExecuteAsync("postgres", "create database backup template veza");

        var second = await NodeAsync("veza");
        await using (second.Running)
        {
            var late = await second.RegisterAsync("late");
            foreach (var person in (Person[])[ada, bo, late])
                await new Person(second, person.Id, person.UserName, person.AccessToken).EraseAsync().JsonAsync();
            await Eventually.TrueAsync(
                async () => (await RecordedAsync(second)).Count == 3,
                what: "the erasures are recorded"
            );
        }

        // What restore.sh does before it opens the database to nodes; here to one of the two accounts.
        await ExecuteAsync("backup", $"update log.keys set wrapped = null, destroyed = now() where owner = '{bo.Id}'");
        var third = await NodeAsync("backup");
        await using (third.Running)
        {
            await SignInAsync(third, ada).JsonAsync(HttpStatusCode.Created);
            var erased = await RecordedAsync(third);

            Assert.Equal(["2 erased again", "0 were already", "1 not in this log"], await EraseAsync(third, erased));
            Assert.Equal(["0 erased again", "2 were already", "1 not in this log"], await EraseAsync(third, erased));

            foreach (var person in (Person[])[ada, bo])
            {
                await Eventually.TrueAsync(
                    async () => (await SignInAsync(third, person)).StatusCode == HttpStatusCode.Unauthorized,
                    what: "the account cannot sign in"
                );
                var again = new
                {
                    userName = person.UserName,
                    email = $"{person.UserName}@example.org",
                    password = "correct horse battery",
                };
                await third.Anonymous.PostAsync("/api/v1/accounts", again).JsonAsync(HttpStatusCode.Created);
            }
            await third.Running.Projections.WaitAsync(
                third.Running.Projections.Status.Select(p => p.Name),
                third.Running.Log.Head,
                Stop
            );
            var reader = new Person(third, cy.Id, cy.UserName, cy.AccessToken);
            var shown = (await reader.GetAsync(messages).JsonAsync()).ToString();
            Assert.Contains($"{cy.UserName} was here", shown, StringComparison.Ordinal);
            Assert.DoesNotContain(ada.UserName, shown, StringComparison.Ordinal);
            Assert.DoesNotContain(bo.UserName, shown, StringComparison.Ordinal);
        }
        await using var database = NpgsqlDataSource.Create(On("backup"));
        var report = await new LogVerifier(database, VezaApplication.NameRules).VerifyAsync(Stop);
        Assert.Empty(report.Checks.SelectMany(c => c.Differences));
    }

    [Fact]
    public async Task A_list_with_a_bad_line_erases_nothing_and_the_line_is_named()
    {
        var faults = new StringWriter();
        var list = new StringReader($"{Guid.CreateVersion7()}\n\nada\n");
        Assert.Null(await AccountsCommand.ReadAsync("erased.txt", list, faults, Stop));
        Assert.Equal("veza: erased.txt:3: \"ada\" is not the id of an account\n", faults.ToString());
    }

    [Fact]
    public async Task A_list_may_have_empty_lines_and_accounts_twice()
    {
        var account = Guid.CreateVersion7();
        var list = new StringReader($"{account}\n\n {account:N} \n");
        Assert.Equal([account], await AccountsCommand.ReadAsync("-", list, TextWriter.Null, Stop));
    }

    private string On(string database) =>
        new NpgsqlConnectionStringBuilder(_postgres.ConnectionString) { Database = database }.ConnectionString;

    private async Task ExecuteAsync(string database, string sql)
    {
        // Unpooled: a session that stayed would keep the database from being copied.
        await using var source = NpgsqlDataSource.Create(On(database) + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }

    private async Task<Node> NodeAsync(string database)
    {
        var settings = VezaServer.Settings(_home);
        var running = await VezaHost.StartAsync(settings, On(database), NullLoggerFactory.Instance, Stop);
        return new(running, settings, On(database), _home);
    }

    private static Task<HttpResponseMessage> SignInAsync(Node node, Person person) =>
        node.Anonymous.PostAsync(
            "/api/v1/sessions",
            new { name = person.UserName, password = "correct horse battery" }
        );

    private static async Task<List<Guid>> RecordedAsync(Node node)
    {
        List<Guid> found = [];
        var media = node.Running.App.Services.GetRequiredService<MediaStore>();
        await foreach (var account in media.ErasuresAsync(Stop))
            found.Add(account);
        return found;
    }

    private static async Task<string[]> EraseAsync(Node node, IReadOnlyCollection<Guid> accounts)
    {
        var output = new StringWriter();
        await AccountsCommand.EraseAsync(node.Settings, node.ConnectionString, accounts, output, Stop);
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private sealed record Node(RunningVeza Running, VezaSettings Settings, string ConnectionString, string Home)
        : IVezaApi
    {
        public string Address => Running.Address;
        public HttpClient Http { get; } = new();

        public Task<Person> SharedAsync(string name) => this.RegisterAsync(name);
    }
}
