using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Veza.Domain;
using Veza.EventStore.Aggregates;
using Veza.Reactors.Running;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Lists everything that an account can have running, and checks that its erasure or suspension ends it.
/// </summary>
public class WhatAccountsRunTests(VezaServer veza)
{
    private const string Mark = "zqrunning";
    private const string Nothing = "runs nothing: it is a fact, or a count of facts";
    private const string Platform = "the platform's own, independent of accounts";
    private const string CommandBus = "a command of an account that is out is refused before it is decided";

    /// <summary>For every aggregate, reactor and service: what ends it.</summary>
    private static readonly Dictionary<string, string> WhatEndsIt = new()
    {
        // Aggregates.
        ["Account"] = "AccountErased or AccountSuspended: no sign-in, no key, no command",
        ["Session"] =
            "SessionEnded in the commit of either event, for sign-ins and API keys; live connections and "
            + "uploads end with them",
        ["SignInGuard"] = Nothing,
        ["Mailbox"] = Nothing,
        ["Storage"] = Nothing,
        ["Broadcast"] =
            "EndWhatAccountsRun appends BroadcastEnded, which closes the mount and its source; the source's "
            + "key is refused at once",
        ["OpenBroadcasts"] = Nothing,
        ["Track"] =
            "ProcessTrack makes no copies of an erased account's and EraseTracks removes its files; a "
            + "suspended account's copies are made to their end, which is bounded",
        ["Play"] = CommandBus,
        ["CountedListen"] = Nothing,
        ["Message"] = CommandBus,
        ["Comment"] = Nothing,
        ["Community"] = "nothing: it is its members', decision 0053",
        ["FoundedCommunities"] = Nothing,
        ["Channel"] = "nothing: it is its community's",
        ["Member"] = CommandBus,
        ["SlowModeMark"] = Nothing,
        ["ReadMarker"] = Nothing,
        ["Follow"] = Nothing,
        ["TrackLike"] = Nothing,
        ["TrackRepost"] = Nothing,
        // Reactors.
        ["WithdrawMessages"] = "deletes in the community's name what a ban ordered: it goes on without the moderator",
        ["EndWhatAccountsRun"] = Platform,
        ["ExpireSuspensions"] = "a suspension of an erased account does not end, and needs not",
        ["SweepErasures"] = Platform,
        ["EraseTracks"] = Platform,
        ["RecordErasures"] = Platform,
        ["ProcessTrack"] = "as Track",
        ["SendAccountMail"] =
            "an account that is out is mailed neither a proof nor a reset; erasing one removes its mails kept as files",
        // Services.
        ["EndedSessions"] = Platform,
        ["FullCollections"] = Platform,
        ["StagingSweep"] = Platform,
        ["ReactorService"] = Platform,
        ["LiveHost"] = Platform,
        ["BroadcastSources"] = "as Broadcast",
        ["BroadcastLevels"] = "a meter ends with its broadcast, and with the live connection of its last follower",
        ["PresenceService"] = "a device's presence ends with its live connection, which ends with its session",
    };

    [Fact]
    public void Everything_an_account_can_run_has_an_answer_to_what_ends_it()
    {
        var services = veza.Running.App.Services;
        var aggregates = typeof(DomainEvent).Assembly.GetTypes().Where(AggregateFold.IsAggregate);
        var reactors = WolverineReactors.All.Select(r => r.Handler);
        var hosted = services
            .GetServices<IHostedService>()
            .Select(s => s.GetType())
            .Where(t => t.Assembly.GetName().Name!.StartsWith("Veza", StringComparison.Ordinal));
        var all = aggregates.Concat(reactors).Concat(hosted).Select(t => t.Name).ToHashSet();
        var unanswered = all.Except(WhatEndsIt.Keys).Order(StringComparer.Ordinal).ToList();
        Assert.True(
            unanswered.Count == 0,
            $"{string.Join(", ", unanswered)}: what ends it when its account is erased or suspended? Say so "
                + "here, and test it"
        );
        Assert.Equal([], WhatEndsIt.Keys.Except(all));
    }

    [Theory]
    [InlineData("account_erased")]
    [InlineData("account_suspended")]
    public async Task A_broadcast_ends_with_its_account_and_its_key_opens_nothing(string how)
    {
        var (ada, bo) = (await veza.RegisterAsync("ada"), await veza.RegisterAsync("bo"));
        var live = await ada.PostAsync("/api/v1/broadcasts", new { title = "Late show" })
            .JsonAsync(HttpStatusCode.Created);
        var waiting = await ada.PostAsync("/api/v1/broadcasts", new { title = "Later show" })
            .JsonAsync(HttpStatusCode.Created);
        using var source = await SourceAsync(live);
        Assert.StartsWith("HTTP/1.0 200", source.Said, StringComparison.Ordinal);

        if (how == "account_erased")
            await ada.EraseAsync().JsonAsync();
        else
            await (await veza.OperatorAsync())
                .PutAsync($"/api/v1/accounts/{ada.Id}/suspension", new { reason = "a test" })
                .JsonAsync();

        // The server closes the connection instead of waiting for sound.
        Assert.Equal("", await source.RestAsync());
        foreach (var broadcast in (JsonElement[])[live, waiting])
        {
            using var again = await SourceAsync(broadcast);
            Assert.Matches("^HTTP/1.1 (403|409) ", again.Said);
            await Eventually.TrueAsync(
                async () =>
                    (await bo.GetAsync($"/api/v1/broadcasts/{broadcast.Id()}").JsonAsync())
                        .GetProperty("status")
                        .GetString() == "ended",
                what: "the broadcast has ended"
            );
            await veza
                .Anonymous.GetAsync($"/live/{broadcast.Id()}")
                .RefusedAsync(HttpStatusCode.NotFound, "broadcast_not_live");
            var events = await veza.Running.Log.Reader.ReadAsync(
                new() { Stream = broadcast.Id() },
                100,
                TestContext.Current.CancellationToken
            );
            Assert.Equal(how, ((Domain.Live.Broadcasts.BroadcastEnded)events[^1].Data!).Reason);
        }
    }

    [Fact]
    public async Task A_suspended_account_signs_in_nowhere_until_an_operator_ends_that()
    {
        var (ada, op) = (await veza.RegisterAsync("ada"), await veza.OperatorAsync());
        await op.PutAsync($"/api/v1/accounts/{ada.Id}/suspension", new { reason = "" })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await op.PutAsync($"/api/v1/accounts/{op.Id}/suspension", new { reason = "a test" })
            .RefusedAsync(HttpStatusCode.Conflict, "cannot_suspend_self");
        await op.PutAsync($"/api/v1/accounts/{ada.Id}/suspension", new { reason = "sells followers" }).JsonAsync();
        await ada.GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await SignInAsync(ada, "correct horse battery").RefusedAsync(HttpStatusCode.Forbidden, "account_suspended");
        // Only a caller with the right password learns of the suspension.
        await SignInAsync(ada, "wrong horse battery").RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");

        await op.SendAsync(
                HttpMethod.Delete,
                $"/api/v1/accounts/{ada.Id}/suspension",
                System.Net.Http.Json.JsonContent.Create(new { reason = "a mistake" })
            )
            .JsonAsync();
        var token = (await SignInAsync(ada, "correct horse battery").JsonAsync(HttpStatusCode.Created))
            .GetProperty("accessToken")
            .GetString();
        var back = new Person(veza, ada.Id, ada.UserName, token);
        back.SeeWhat(op);
        var seen = (await back.GetAsync("/api/v1/accounts/me/security-events").JsonAsync()).Items();
        Assert.Contains(seen, e =>
            e.GetProperty("type").GetString() == "account_suspended"
            && e.GetProperty("detail").GetString() == "sells followers"
        );
        Assert.Contains(seen, e =>
            e.GetProperty("type").GetString() == "account_suspension_ended"
            && e.GetProperty("detail").GetString() == "a mistake"
        );
        var did = (await op.GetAsync("/api/v1/accounts/me/security-events").JsonAsync()).Items();
        Assert.Contains(did, e => e.GetProperty("type").GetString() == "account_suspended");
    }

    [Fact]
    public async Task An_operator_ends_any_broadcast_and_both_accounts_have_it_among_their_security_events()
    {
        var (ada, op) = (await veza.RegisterAsync("ada"), await veza.OperatorAsync());
        var live = await ada.PostAsync("/api/v1/broadcasts", new { title = "Late show" })
            .JsonAsync(HttpStatusCode.Created);
        using var source = await SourceAsync(live);
        await op.PostAsync($"/api/v1/broadcasts/{live.Id()}/stop").JsonAsync();
        Assert.Equal("", await source.RestAsync());
        ada.SeeWhat(op);
        foreach (var person in (Person[])[ada, op])
            Assert.Contains((await person.GetAsync("/api/v1/accounts/me/security-events").JsonAsync()).Items(), e =>
                e.GetProperty("type").GetString() == "broadcast_taken_down"
            );
    }

    [Fact]
    public async Task An_upload_under_way_ends_with_its_session_and_leaves_no_file()
    {
        var ada = await veza.RegisterAsync("ada");
        using var upload = await RawAsync();
        var mark = new string('z', 256 * 1024) + Mark;
        await upload.SayAsync(
            $"POST /api/v1/tracks HTTP/1.1\r\nHost: veza\r\nAuthorization: Bearer {ada.AccessToken}\r\n"
                + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nsong\r\n"
                + $"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n{mark}"
        );
        await Eventually.TrueAsync(() => StagedFiles().Any(), what: "the file is being staged");
        await ada.EraseAsync().JsonAsync();
        // The server closes the connection instead of waiting for the rest of the file.
        Assert.Equal("", await upload.RestAsync());
        await Eventually.TrueAsync(() => !StagedFiles().Any(), what: "the staged file is gone");
    }

    private IEnumerable<string> StagedFiles() =>
        Directory
            .EnumerateFiles(Path.Combine(veza.Home, "media", "staging"), "*", SearchOption.AllDirectories)
            .Where(f =>
            {
                try
                {
                    using var file = new FileStream(
                        f,
                        FileMode.Open,
                        FileAccess.Read,
                        FileShare.ReadWrite | FileShare.Delete
                    );
                    var head = new byte[1024];
                    return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length
                        && head.AsSpan().IndexOfAnyExcept((byte)'z') < 0;
                }
                catch (IOException)
                {
                    return false;
                }
            });

    private Task<HttpResponseMessage> SignInAsync(Person person, string password) =>
        veza.Anonymous.PostAsync("/api/v1/sessions", new { name = person.UserName, password });

    private async Task<Raw> SourceAsync(JsonElement broadcast)
    {
        var raw = await RawAsync();
        var credentials = Convert.ToBase64String(
            Encoding.ASCII.GetBytes($"source:{broadcast.GetProperty("ingest").GetProperty("key").GetString()}")
        );
        await raw.SayAsync(
            $"SOURCE /live/{broadcast.Id()} HTTP/1.0\r\nAuthorization: Basic {credentials}\r\n"
                + "Content-Type: audio/mpeg\r\n\r\n"
        );
        await raw.HearAsync();
        return raw;
    }

    private async Task<Raw> RawAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", new Uri(veza.Address).Port, TestContext.Current.CancellationToken);
        return new(client);
    }

    private sealed class Raw(TcpClient client) : IDisposable
    {
        private readonly NetworkStream _stream = client.GetStream();

        public string Said { get; private set; } = "";

        public async Task SayAsync(string text) =>
            await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);

        public async Task HearAsync()
        {
            var buffer = new byte[4096];
            var read = await _stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            Said = Encoding.UTF8.GetString(buffer, 0, read);
        }

        /// <summary>Reads the rest until the server closes the connection.</summary>
        public async Task<string> RestAsync()
        {
            var rest = new StringBuilder();
            var buffer = new byte[4096];
            try
            {
                while (await _stream.ReadAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var read)
                    rest.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
            catch (IOException)
            { /* Closed while something of ours was on its way. */
            }
            return rest.ToString();
        }

        public void Dispose() => client.Dispose();
    }
}
