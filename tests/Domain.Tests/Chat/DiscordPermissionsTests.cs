using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Tests.Chat;

/// <summary>
/// discord.js is the oracle. It knows no time-outs and no implicit denials, which <see cref="PermissionsTests"/> has:
/// here only guilds are compared in whose channel the member may see and write.
/// </summary>
public class DiscordPermissionsTests
{
    private const int Guilds = 100_000;

    /// <summary>In this project's folder, above that of its output.</summary>
    private static readonly string Program = Path.GetFullPath("../../../Discord/run", AppContext.BaseDirectory);

    private static readonly Guid CommunityId = Guid.CreateVersion7();
    private static readonly Guid MemberId = Guid.CreateVersion7();
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Permissions_are_those_that_discord_js_computes()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var guilds = Enumerable.Range(0, Guilds).Select(_ => Guild.Of(random)).ToList();
        var expected = await AskDiscordJsAsync(guilds);
        Assert.Equal(guilds.Count, expected.Count);
        Assert.All(guilds.Zip(expected), pair =>
            Assert.True(WithoutDenials(pair.First, pair.Second), JsonSerializer.Serialize(pair.First.ToJson()))
        );
    }

    /// <summary>The oracle's bits, less what Discord itself denies without SendMessages and ViewChannel.</summary>
    private static bool WithoutDenials(Guild guild, Permission oracle)
    {
        if (!oracle.HasFlag(Permission.SendMessages))
            oracle &= ~(
                Permission.MentionEveryone | Permission.SendTtsMessages | Permission.AttachFiles | Permission.EmbedLinks
            );
        if (!oracle.HasFlag(Permission.ViewChannel))
            oracle = Permission.None;
        return guild.Permissions() == oracle;
    }

    private static async Task<List<Permission>> AskDiscordJsAsync(List<Guild> guilds)
    {
        using var node = Process.Start(
            new ProcessStartInfo(Program) { RedirectStandardInput = true, RedirectStandardOutput = true }
        )!;
        var answers = node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        foreach (var guild in guilds)
            await node.StandardInput.WriteLineAsync(JsonSerializer.Serialize(guild.ToJson()));
        node.StandardInput.Close();
        var lines = (await answers).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(line => (Permission)long.Parse(line, CultureInfo.InvariantCulture))];
    }

    private sealed record RandomRole(Guid Id, Permission Permissions, bool Given);

    /// <param name="Target">A role's index, -1 for everyone, -2 for the member.</param>
    private sealed record RandomOverwrite(int Target, Permission Allow, Permission Deny);

    private sealed record Guild(
        bool IsOwner,
        Permission Everyone,
        IReadOnlyList<RandomRole> Roles,
        IReadOnlyList<RandomOverwrite> Overwrites
    )
    {
        private const int RolesMax = 6;

        public static Guild Of(Random random)
        {
            var roles = Enumerable
                .Range(0, random.Next(RolesMax))
                .Select(_ => new RandomRole(Guid.CreateVersion7(), Bits(random), random.Next(2) == 0))
                .ToList();
            var overwrites = Enumerable
                .Range(-2, roles.Count + 2)
                .Where(_ => random.Next(2) == 0)
                .Select(target =>
                {
                    var (allow, deny) = (Bits(random), Bits(random));
                    return new RandomOverwrite(target, allow & ~deny, deny);
                })
                .ToList();
            return new(random.Next(50) == 0, Bits(random), roles, overwrites);
        }

        public Permission Permissions()
        {
            var roles = ImmutableDictionary<Guid, Role>.Empty.Add(
                CommunityId,
                Role.Everyone(CommunityId) with
                {
                    Permissions = Everyone,
                }
            );
            foreach (var (i, role) in Roles.Index())
                roles = roles.Add(role.Id, new(role.Id, i + 1, "role", 0, role.Permissions, false, false));
            var owner = IsOwner ? MemberId : Guid.CreateVersion7();
            var member = new Member(
                CommunityId,
                MemberId,
                Present: true,
                [.. Roles.Where(role => role.Given).Select(role => role.Id)]
            );
            var channel = new Channel(
                Guid.CreateVersion7(),
                CommunityId,
                ChannelKind.Text,
                Name: "talk",
                Topic: null,
                SlowModeSeconds: 0,
                Nsfw: false,
                Overwrites.ToImmutableDictionary(o => IdOf(o.Target), o => new Overwrite(o.Allow, o.Deny))
            );
            var community = new Community(CommunityId, owner, roles, ImmutableDictionary<Guid, ChannelPlace>.Empty);
            return Veza.Domain.Chat.Members.Permissions.Of(member, community, Now, channel);
        }

        public object ToJson() =>
            new
            {
                owner = IsOwner,
                everyone = Text(Everyone),
                roles = Roles.Select(role => new { bits = Text(role.Permissions), given = role.Given }),
                overwrites = Overwrites.Select(o => new
                {
                    target = o.Target switch
                    {
                        -1 => "everyone",
                        -2 => (object)"member",
                        var index => index,
                    },
                    allow = Text(o.Allow),
                    deny = Text(o.Deny),
                }),
            };

        private Guid IdOf(int target) =>
            target switch
            {
                -1 => CommunityId,
                -2 => MemberId,
                _ => Roles[target].Id,
            };

        /// <summary>Few guilds would have a member without ADMINISTRATOR, were it as frequent as the others.</summary>
        private static Permission Bits(Random random)
        {
            var bits = (Permission)(random.NextInt64() & random.NextInt64()) & Permission.All;
            return random.Next(20) == 0 ? bits : bits & ~Permission.Administrator;
        }

        private static string Text(Permission bits) => ((long)bits).ToString(CultureInfo.InvariantCulture);
    }
}
