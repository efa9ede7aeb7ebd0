using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using JasperFx.Events;
using Marten;
using Veza.Api;
using Veza.Api.Live.Broadcasts;
using Veza.Domain;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;
using Veza.EventStore.Marten;
using Veza.EventStore.Projections;
using Veza.EventStore.Subscriptions;
using Veza.Reactors.Running;
using Wolverine;
using Wolverine.Util;

namespace Veza.Architecture.Tests;

/// <summary>Names in the database: those the code derives from its types, and those in the schema's scripts.</summary>
internal static partial class StoredNames
{
    /// <summary>Ids to derive others from: 1, 2, 3.</summary>
    private static readonly Guid[] Ids = [.. Enumerable.Range(1, 3).Select(i => new Guid(i, 0, 0, new byte[8]))];

    private static readonly JsonSerializerOptions Json = new(VezaApplication.EventTypes.Json)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    public static IEnumerable<string> All() =>
        [
            .. Events(),
            .. Streams(),
            .. MartenStreams(),
            .. DerivedIds(),
            .. Projections(),
            .. Reactors(),
            .. Schema(),
            .. Constants(),
        ];

    private static IEnumerable<string> Events()
    {
        foreach (var type in VezaApplication.EventTypes.All)
        {
            var e = VezaApplication.EventTypes.Describe(type);
            foreach (var (i, alias) in e.Aliases.Index())
                yield return $"event {alias} version {i + 1}";
            yield return $"event-dotnet-type {e.Name} {e.DotNetType}";
            foreach (var property in Properties(type))
                yield return $"event-property {e.Name}.{property}";
        }
        foreach (var reason in Enum.GetNames<SourceEndReason>())
            yield return $"broadcast-interrupted-reason {EventTypes.SnakeCase(reason)}";
        foreach (var rule in VezaApplication.NameRules)
            yield return $"unique-name {rule.Scope}";
    }

    private static IEnumerable<string> Streams()
    {
        foreach (var aggregate in VezaApplication.Aggregates)
        {
            // Also the name of its snapshots, and of the problem that there is none.
            var type = AggregateFold.Of(aggregate).StreamType;
            yield return $"stream {type}";
            if (aggregate.GetMethod("StreamId", BindingFlags.Public | BindingFlags.Static) is not { } of)
                continue;
            var parts = of.GetParameters().Length;
            yield return $"stream-id {type} of {parts} {of.Invoke(null, [.. Ids[..parts].Cast<object>()])}";
        }
    }

    /// <summary>A stream begun by a Marten session carries the alias that Marten gives its aggregate's type.</summary>
    private static IEnumerable<string> MartenStreams()
    {
        var options = new StoreOptions { DatabaseSchemaName = "documents" };
        options.OpenVezaLog(VezaApplication.EventTypes, VezaApplication.Aggregates);
        var events = (IEventRegistry)options.Events;
        return VezaApplication.Aggregates.Select(aggregate => $"marten-stream {events.AggregateAliasFor(aggregate)}");
    }

    /// <summary>
    /// Computed ids, which must stay equal so that repeats of a request, a message or an event are recognised.
    /// </summary>
    private static IEnumerable<string> DerivedIds()
    {
        yield return $"derived-id stream {StreamIds.Of("kind", Ids[0], Ids[1])}";
        var e = new RecordedEvent(
            1,
            Ids[0],
            Ids[1],
            1,
            "message_sent",
            DateTimeOffset.UnixEpoch,
            Ids[2],
            null,
            "{}"u8.ToArray(),
            VezaApplication.EventTypes
        );
        var given = new AppendedEvent<DomainEvent>(e, null!, "a.reactor.v1", IsLastAttempt: false);
        yield return $"derived-id reactor-command {given.CommandId()}";
        yield return $"derived-id reactor-command-about {given.CommandId(Ids[2])}";
        yield return $"derived-id reactor-message {MessageIds.Of("a.reactor.v1", Ids[0], 7)}";
        yield return $"derived-id idempotency-key {new Veza.Api.Http.IdempotencyKey("key", []).CommandId("caller")}";
    }

    private static IEnumerable<string> Projections()
    {
        foreach (var projection in VezaApplication.CreateProjections())
        {
            var table = projection.Name.Replace('.', '_');
            yield return $"projection {projection.Name}";
            foreach (var checkpoint in Checkpoints(projection))
                yield return $"checkpoint {checkpoint}";
            foreach (var (i, column) in projection.Table.Columns.Index())
            {
                var key = i < projection.Table.KeyColumns ? " key" : "";
                var nullable = column.Nullable ? " null" : "";
                var collation = column.Collation is null ? "" : $" collate {column.Collation}";
                yield return $"column views.{table}.{column.Name} {column.SqlType}{collation}{nullable}{key}";
            }
            foreach (var (i, index) in projection.Table.Indexes.Index())
                yield return $"index views.{table}_i{i + 1} {index}";
            foreach (var (column, names) in EnumColumns(projection))
                yield return $"column-values views.{table}.{column} {names}";
        }
        yield return $"processor-kind {ProjectionHost.Kind}";
        foreach (var state in Enum.GetNames<ParkedState>())
            yield return $"parked-state {EventTypes.SnakeCase(state)}";
        foreach (var withdrawn in VezaApplication.WithdrawnProjections)
            yield return $"projection-withdrawn {withdrawn}";
    }

    private static IEnumerable<string> Checkpoints(IProjection projection) =>
        projection.Shards == 1
            ? [projection.Name]
            : Enumerable.Range(0, projection.Shards).Select(shard => $"{projection.Name}#{shard}/{projection.Shards}");

    /// <summary>Rows keep an enumeration's value by its name.</summary>
    private static IEnumerable<(string Column, string Names)> EnumColumns(IProjection projection)
    {
        var type = projection.GetType();
        while (type is not null && !(type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Projection<,>)))
            type = type.BaseType;
        if (type is null)
            return [];
        return type.GetGenericArguments()[0]
            .GetProperties()
            .Select(p => (p.Name, Type: Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType))
            .Where(p => p.Type.IsEnum)
            .Select(p => (EventTypes.SnakeCase(p.Name), string.Join(", ", Enum.GetNames(p.Type))));
    }

    private static IEnumerable<string> Reactors()
    {
        yield return $"processor-kind {SubscriptionHost.Kind}";
        foreach (var reactor in WolverineReactors.All)
        {
            yield return $"checkpoint {reactor.Name}";
            yield return $"reactor {reactor.Name} queue {reactor.Queue}";
            foreach (var e in reactor.Events)
            {
                var message = typeof(Appended<>).MakeGenericType(e);
                yield return $"reactor-event {reactor.Name} {VezaApplication.EventTypes.Describe(e).Name}";
                yield return $"queued-message {message.ToMessageTypeName()} {string.Join(", ", Properties(message))}";
            }
            foreach (var command in reactor.Handler.GetMethods().Select(m => CommandOf(m.ReturnType)).OfType<Type>())
                yield return $"queued-message {command.ToMessageTypeName()} {string.Join(", ", Properties(command))}";
        }
        yield return $"reactor-commands queue {WolverineReactors.CommandQueue.Address}";
    }

    /// <returns>The message that a handler schedules; null without one.</returns>
    private static Type? CommandOf(Type returned)
    {
        if (!returned.IsGenericType)
            return null;
        var argument = returned.GetGenericArguments()[0];
        return returned.GetGenericTypeDefinition() == typeof(DeliveryMessage<>) ? argument : CommandOf(argument);
    }

    private static IEnumerable<string> Schema()
    {
        foreach (
            var script in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "src", "EventStore", "Schema"), "*.sql")
        )
        {
            var sql = SqlComment().Replace(File.ReadAllText(script), "");
            foreach (Match made in SqlObject().Matches(sql))
                yield return $"sql {made.Groups[1].Value.ToLowerInvariant()} {made.Groups[2].Value}";
            foreach (Match table in SqlTable().Matches(sql))
            foreach (
                var line in table
                    .Groups[2]
                    .Value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            )
                yield return $"column {table.Groups[1].Value} {Blanks().Replace(line.TrimEnd(','), " ")}";
        }
    }

    /// <summary>Literals of the sources: notification channels, sessions, purposes of keys, SQLSTATEs, locks.</summary>
    private static IEnumerable<string> Constants()
    {
        foreach (var text in Sources())
        {
            foreach (Match m in ProductLiteral().Matches(text))
                yield return $"text {Braces().Replace(m.Groups[1].Value, "{}")}";
            foreach (Match m in SecretFile().Matches(text))
                yield return $"file {m.Groups[1].Value}";
            foreach (Match m in StreamIdKind().Matches(text))
                yield return $"stream-id-kind {m.Groups[1].Value}";
            foreach (Match m in AdvisoryLock().Matches(text))
                yield return $"advisory-lock {m.Groups[1].Value}";
            foreach (Match m in SqlState().Matches(text))
                yield return $"sqlstate {m.Value}";
            foreach (Match m in Notified().Matches(text))
                yield return $"text {m.Groups[1].Value}";
        }
    }

    private static IEnumerable<string> Sources() =>
        Directory
            .EnumerateFiles(Path.Combine(Checkout.Root, "src"), "*.*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".cs" or ".sql" && !NotRead().IsMatch(file))
            .Select(File.ReadAllText);

    /// <summary>The properties of a type's JSON and of its parts, each with the type of its value.</summary>
    internal static IEnumerable<string> Properties(Type type, string path = "", ImmutableHashSet<Type>? within = null)
    {
        within = (within ?? []).Add(type);
        foreach (var property in Json.GetTypeInfo(type).Properties)
        {
            var name = $"{path}{property.Name}";
            var (held, many) = Held(property.PropertyType);
            yield return $"{name}{many} {Said(held)}";
            if (!IsOurs(held) || held.IsEnum || within.Contains(held))
                continue;
            foreach (var inner in Properties(held, $"{name}{many}.", within))
                yield return inner;
        }
    }

    private static (Type Held, string Many) Held(Type type) =>
        Json.GetTypeInfo(type) is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element }
            ? (element, "[]")
            : (Nullable.GetUnderlyingType(type) ?? type, "");

    private static string Said(Type type)
    {
        if (type.IsEnum)
            return string.Join(" | ", Enum.GetNames(type).Select(n => $"{Written(type, n)} {Number(type, n)}"));
        return IsOurs(type) ? "object" : type.Name;
    }

    private static string Written(Type type, string name) =>
        JsonSerializer.Serialize(Enum.Parse(type, name), type, Json).Trim('"');

    private static string Number(Type type, string name) =>
        Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);

    private static bool IsOurs(Type type) =>
        type.Assembly.GetName().Name!.StartsWith("Veza.", StringComparison.Ordinal);

    [GeneratedRegex("--[^\n]*")]
    private static partial Regex SqlComment();

    [GeneratedRegex(
        @"create (?:or replace )?(?:unique )?(schema|table|index|view|function|trigger)(?: if not exists)? ([\w.]+)",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex SqlObject();

    [GeneratedRegex(@"create table if not exists ([\w.]+) \(\n(.*?)\n\)", RegexOptions.Singleline)]
    private static partial Regex SqlTable();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")]
    private static partial Regex Braces();

    [GeneratedRegex("\"((?:veza[ _-]|sealed\\.)[^\"\\\\]*|Veza-[A-Z][A-Za-z]+)[\"\\\\]")]
    private static partial Regex ProductLiteral();

    [GeneratedRegex("\"([a-z]+\\.(?:json|secret|key|lock|port|password))\"")]
    private static partial Regex SecretFile();

    [GeneratedRegex("StreamIds\\.Of\\(\\s*\"([a-z_]+)\"")]
    private static partial Regex StreamIdKind();

    [GeneratedRegex(@"pg_(?:try_)?advisory_(?:xact_)?lock\((\d+, (?:\d+|hashtext))")]
    private static partial Regex AdvisoryLock();

    [GeneratedRegex("VZ[0-9]{3}")]
    private static partial Regex SqlState();

    [GeneratedRegex("(?:pg_notify\\(|Channel = )['\"]([a-z_]+)['\"]")]
    private static partial Regex Notified();

    [GeneratedRegex(@"[/\\](?:obj|bin|Internal|Codegen)[/\\]")]
    private static partial Regex NotRead();
}
