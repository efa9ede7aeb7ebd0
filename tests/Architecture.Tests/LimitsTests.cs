using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Veza.EventStore.Concurrency;

namespace Veza.Architecture.Tests;

/// <summary>
/// docs/reference/limits.md lists every bound of the product. For a bound that all callers share, and for every queue
/// and set of slots, it says what keeps one caller from taking all of it.
/// </summary>
public sealed partial class LimitsTests
{
    private static readonly string[] Rooms =
    [
        "Api",
        "Realtime",
        "Projections",
        "Media",
        "EventStore",
        "Mail",
        "Reactors",
        "Cli",
    ];
    private static readonly string[] Shared = ["process", "database"];
    private static readonly string[] Scopes =
    [
        .. Shared,
        "account",
        "network",
        "caller",
        "connection",
        "request",
        "subscription",
        "broadcast",
        "file",
        "item",
        "program",
        "runner",
        "erasure",
    ];

    /// <summary>Settings are in docs/reference/configuration.md; these two are no bounds.</summary>
    private static readonly string[] Elsewhere =
    [
        "VezaSettings",
        "ShutdownSignals.ExitCodeAtOnce",
        "LoopbackPort.PortMax",
    ];

    /// <summary>No caller's requests fill it; a setting bounds it; or the rate limit of every caller does.</summary>
    private static readonly string[] Reasons = ["no caller's: ", "setting `", "rate limit: "];

    private static readonly Type[] QueuesAndSlots =
    [
        typeof(SemaphoreSlim),
        typeof(Channel<>),
        typeof(ChannelWriter<>),
        typeof(Queue<>),
        typeof(ConcurrentQueue<>),
        typeof(BlockingCollection<>),
        typeof(RateLimiter),
        typeof(PartitionedRateLimiter<>),
        typeof(FairSlots),
    ];

    private static readonly string Page = File.ReadAllText(Path.Combine(Checkout.Root, "docs/reference/limits.md"));

    [Fact]
    public void Every_bound_stands_in_the_page_with_its_value()
    {
        var rows = RowsOf("Bounds");
        var bounds = Bounds(Rooms).ToDictionary(b => b.Name, b => b.Value);

        var missing = bounds.Where(b => !rows.ContainsKey(b.Key)).Select(b => $"| `{b.Key}` | {b.Value} | | | |");
        None("bounds are not in the page", missing);
        None("bounds of the page are not in the source", rows.Keys.Except(bounds.Keys));
        // A value that depends on the machine is described in words.
        var fixedRows = rows.Where(r => !r.Value[0].Contains("processor", StringComparison.Ordinal));
        var stale = fixedRows.Where(r => r.Value[0] != bounds[r.Key]);
        None("bounds have another value", stale.Select(r => $"{r.Key} is {bounds[r.Key]}, not {r.Value[0]}"));
    }

    [Fact]
    public void Every_bound_that_callers_share_says_what_one_of_them_may_have_of_it()
    {
        var rows = RowsOf("Bounds");

        var unknown = rows.Where(r => !Scopes.Contains(r.Value[2])).Select(r => $"{r.Key} is per \"{r.Value[2]}\"");
        None("bounds are per something else", unknown);
        None(
            "shared bounds do not say what one caller may have",
            rows.Where(r => Shared.Contains(r.Value[2]) && !SaysShare(r.Value[3], rows)).Select(r => r.Key)
        );
    }

    [Fact]
    public void Every_queue_and_every_set_of_slots_says_what_one_caller_may_have_of_it()
    {
        var rows = RowsOf("Queues and slots");
        var found = Types(Rooms)
            .SelectMany(type =>
                type.GetFields(Every | BindingFlags.Instance)
                    .Where(f => IsQueue(f.FieldType))
                    .Select(f => NameOf(type, f))
            )
            .ToHashSet();

        None("queues are not in the page", found.Except(rows.Keys).Select(name => $"| `{name}` | | |"));
        None("queues of the page are not in the source", rows.Keys.Except(found));
        var bounds = RowsOf("Bounds");
        var silent = rows.Where(r => !SaysShare(r.Value[1], bounds)).Select(r => r.Key);
        None("queues do not say what one caller may have", silent);
    }

    private static void None(string what, IEnumerable<string> found)
    {
        var all = found.Order(StringComparer.Ordinal).ToList();
        Assert.True(all.Count == 0, $"{all.Count} {what}:\n{string.Join('\n', all)}");
    }

    private static readonly Type[] Numbers = [typeof(TimeSpan), typeof(int), typeof(long), typeof(double)];

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
    private const BindingFlags Every = Declared | BindingFlags.Static;
    private const BindingFlags OfInstance = Declared | BindingFlags.Instance;

    /// <summary>A bound per caller, by its name, or the reason why no caller can take it all.</summary>
    private static bool SaysShare(string share, Dictionary<string, string[]> bounds) =>
        BoundName().Matches(share) is { Count: > 0 } named
            ? named.All(n => bounds.ContainsKey(n.Groups[1].Value) || OfDomain.Contains(n.Groups[1].Value))
            : Reasons.Any(reason => share.StartsWith(reason, StringComparison.Ordinal));

    /// <summary>
    /// Bounds of aggregates are per account, community or message by their nature. The page does not list them again.
    /// </summary>
    private static readonly HashSet<string> OfDomain = [.. Bounds("Domain").Select(b => b.Name)];

    private static IEnumerable<(string Name, string Value)> Bounds(params string[] rooms)
    {
        foreach (var type in Types(rooms))
        {
            var fields = type.GetFields(Every)
                .Where(f =>
                    IsBound(f.Name, f.FieldType)
                    && (f.IsLiteral || f.IsInitOnly)
                    && !Elsewhere.Contains(NameOf(type, f))
                );
            foreach (var field in fields)
                yield return (NameOf(type, field), Say(field.GetValue(null)!));
            if (DefaultOf(type) is not { } instance)
                continue;
            var properties = type.GetProperties(OfInstance).Where(p => IsBound(p.Name, p.PropertyType));
            foreach (var p in properties)
                yield return (NameOf(type, p), Say(p.GetValue(instance)!));
        }
    }

    /// <returns>Null for a type whose values its constructor's caller decides.</returns>
    private static object? DefaultOf(Type type) =>
        type is { IsAbstract: false, IsGenericTypeDefinition: false }
        && type.Name.EndsWith("Limits", StringComparison.Ordinal)
        && type.GetConstructors() is [var make, ..]
        && make.GetParameters().All(p => p.ParameterType == typeof(int))
            ? make.Invoke([.. make.GetParameters().Select(_ => (object)1)])
            : null;

    private static IEnumerable<Type> Types(string[] rooms) =>
        rooms
            .Select(room => Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, $"Veza.{room}.dll")))
            .SelectMany(room => room.GetTypes())
            .Where(t => !IsGenerated(t) && !(t.DeclaringType is { } outer && IsGenerated(outer)))
            .Where(t => !Elsewhere.Contains(t.Name));

    private static bool IsGenerated(Type type) => type.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsBound(string name, Type type) => BoundEnding().IsMatch(name) && Numbers.Contains(type);

    private static bool IsQueue(Type type)
    {
        if (type.IsArray)
            return IsQueue(type.GetElementType()!);
        return BasesOf(type).Any(t => QueuesAndSlots.Contains(t.IsGenericType ? t.GetGenericTypeDefinition() : t));
    }

    private static IEnumerable<Type> BasesOf(Type type)
    {
        for (var t = type; t is not null; t = t.BaseType!)
            yield return t;
    }

    private static string NameOf(Type type, MemberInfo member)
    {
        var property = BackingField().Match(member.Name);
        return $"{type.Name.Split('`')[0]}.{(property.Success ? property.Groups[1].Value : member.Name)}";
    }

    private static string Say(object value) =>
        value switch
        {
            TimeSpan { TotalSeconds: < 1 } span => $"{Plain(span.TotalMilliseconds)} ms",
            TimeSpan { TotalMinutes: < 2 } span => $"{Plain(span.TotalSeconds)} s",
            TimeSpan { TotalHours: < 2 } span => $"{Plain(span.TotalMinutes)} min",
            TimeSpan { TotalDays: < 2 } span => $"{Plain(span.TotalHours)} h",
            TimeSpan span => $"{Plain(span.TotalDays)} days",
            double number => Plain(number),
            IFormattable number => number.ToString("N0", CultureInfo.InvariantCulture),
            _ => throw new ArgumentOutOfRangeException(nameof(value), value, "not the value of a bound"),
        };

    private static string Plain(double number) => number.ToString("0.###", CultureInfo.InvariantCulture);

    private static Dictionary<string, string[]> RowsOf(string section)
    {
        var text = Page[Page.IndexOf($"## {section}\n", StringComparison.Ordinal)..];
        var end = text.IndexOf("\n## ", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end])
            .Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1])
            .ToDictionary(cells => cells[0].Trim('`'), cells => cells[1..]);
    }

    [GeneratedRegex("(Max|AtOnce|PerMinute|PerCaller|PerAccount|PerNetwork|TimeLimit)$")]
    private static partial Regex BoundEnding();

    [GeneratedRegex(@"`([\w.]+\.\w+)`")]
    private static partial Regex BoundName();

    [GeneratedRegex("^<(.+)>k__BackingField$")]
    private static partial Regex BackingField();
}
