using FsCheck;
using FsCheck.Fluent;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Fixtures;
using Veza.Projections.Topics;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

/// <summary>
/// A set of topics is granted exactly when each of them is granted alone, independent of the others in the set.
/// </summary>
public class TopicRulesTests(TestLog log)
{
    private const int Sets = 300;
    private const int TopicsMax = 5;

    [Fact]
    public async Task A_set_of_topics_is_granted_exactly_as_each_topic_alone()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        var (foreign, foreignGeneral) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var (banning, banningGeneral) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await live.SendAsync(new CreateCommunity(foreign, foreignGeneral, live.Owner, "Others"));
        await live.SendAsync(new CreateCommunity(banning, banningGeneral, live.Owner, "Bouncers"));
        await live.SendAsync(new JoinCommunity(banning, live.Member));
        await live.SendAsync(new BanMember(banning, live.Member, live.Owner, null));
        string[] names =
        [
            live.Channel,
            $"channel:{foreignGeneral}",
            $"channel:{banningGeneral}",
            $"channel:{Guid.CreateVersion7()}",
            $"community:{live.Community}",
            $"community:{foreign}",
            $"community:{banning}",
            $"community:{Guid.CreateVersion7()}",
            live.Account,
            $"account:{live.Owner}",
            "communities:mine",
            "chart:top",
            "chart:trending",
            "log",
            $"track:{Guid.CreateVersion7()}",
            $"broadcast:{Guid.CreateVersion7()}",
            .. ((string[])["channel", "community", "account", "track", "broadcast", "activity", "private"]).Select(k =>
                $"{k}:{Guid.Empty}"
            ),
        ];
        LiveCaller[] callers =
        [
            live.Caller,
            live.Caller with
            {
                MayReadLog = true,
            },
            new(live.Owner, null, false),
            live.Caller with
            {
                KeyScopes = new HashSet<string> { "live:read" },
            },
            live.Caller with
            {
                KeyScopes = new HashSet<string> { "live:read", "messages:read", "tracks:read", "charts:read" },
            },
        ];

        var alone = new Dictionary<(LiveCaller, string), string?>();
        foreach (var caller in callers)
        foreach (var name in names)
            alone[(caller, name)] = await CodeAsync(live, caller, [name]);
        // The sets are of both kinds; otherwise nothing is proven.
        Assert.Equal(
            [
                null,
                "channel_unknown",
                "community_unknown",
                "not_own_account",
                "permission_missing",
                "scope_missing",
                "topic_invalid",
            ],
            alone.Values.Distinct().Order(StringComparer.Ordinal)
        );

        // Half of the sets hold topics of one kind, where one topic could hide another.
        var kinds = names.GroupBy(n => n.Split(':')[0]).Where(k => k.Count() > 1).Select(k => k.ToArray()).ToArray();
        var ofOneKind = Gen.Elements(kinds);
        var ofAny = Gen.Constant(names);
        var sets =
            from caller in Gen.Elements(callers)
            from size in Gen.Choose(1, TopicsMax)
            from pool in Gen.OneOf(ofOneKind, ofAny)
            from topics in Gen.ArrayOf(Gen.Elements(pool), size)
            select (Caller: caller, Topics: topics);
        var holds = Prop.ForAll(Arb.From(sets), set =>
        {
            var parsed = set.Topics.FirstOrDefault(t => !Topic.TryParse(t, out _));
            // An invalid topic is refused before any topic is checked.
            var expected = parsed is not null
                ? "topic_invalid"
                : set.Topics.Select(t => alone[(set.Caller, t)]).FirstOrDefault(c => c is not null);
            var said = CodeAsync(live, set.Caller, set.Topics).GetAwaiter().GetResult();
            Assert.True(
                expected == said,
                $"{string.Join(',', set.Topics)}: {said ?? "granted"} instead of {expected ?? "granted"}"
            );
        });
        // On a thread of its own, because FsCheck blocks it.
        await Task.Factory.StartNew(
            () => Check.One(Config.QuickThrowOnFailure.WithMaxTest(Sets), holds),
            TaskCreationOptions.LongRunning
        );
    }

    /// <returns>Null when they are granted.</returns>
    private static async Task<string?> CodeAsync(LiveSetting live, LiveCaller caller, string[] topics) =>
        await live.Engine.SubscribeAsync(caller, topics, null, null, TestContext.Current.CancellationToken)
            is SubscribeOutcome.Refused no
            ? no.Refusal.Code
            : null;
}
