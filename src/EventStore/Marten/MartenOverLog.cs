using System.Runtime.CompilerServices;
using JasperFx;
using JasperFx.Core;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events;
using Marten.Services.Json.Transformations;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Marten;

/// <summary>Configures a Marten store to open the log.</summary>
public static class MartenOverLog
{
    /// <summary>The log's schema, which holds no documents.</summary>
    public const string Schema = "log";

    /// <summary>
    /// Points a store's events at the log: its schema, event types, aliases, serializer and upcasters. It changes
    /// nothing in the database. Sessions read every event, and append through <c>log.mt_quick_append_events</c>, which
    /// keeps all promises of the log. Documents stay in <see cref="StoreOptions.DatabaseSchemaName"/>, which must be
    /// another schema.
    /// </summary>
    /// <param name="cipher"><see cref="EventLog.Cipher"/> of a node, <see cref="LogTypes.Cipher"/> of any other
    /// program.</param>
    /// <param name="aggregates">Which <see cref="Folded{TAggregate}"/> can be aggregated.</param>
    public static StoreOptions OpenVezaLog(
        this StoreOptions options,
        PersonalDataCipher cipher,
        params IEnumerable<Type> aggregates
    )
    {
        var types = cipher.Types;
        if (options.DatabaseSchemaName == Schema)
            throw new ArgumentException(
                $"{nameof(options.DatabaseSchemaName)} is {Schema}, which is the log's; documents need another schema",
                nameof(options)
            );
        options.AutoCreateSchemaObjects = AutoCreate.None;
        options.Events.DatabaseSchemaName = Schema;
        options.Events.StreamIdentity = StreamIdentity.AsGuid;
        options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        options.Events.EnableBigIntEvents = true;
        options.Events.UseListenNotifyForEventAppends = true;
        options.Events.MetadataConfig.EnableAll();
        options.Events.MetadataConfig.UserNameEnabled = true;
        // Faults are thrown. Marten would write their parameters, which hold personal texts, to the program's log.
        options.Logger(new NothingLogged());

        var ids = new EventIds();
        var serializer = new LogSerializer(cipher, ids)
        {
            Casing = Weasel.Core.Casing.CamelCase,
            EnumStorage = Weasel.Core.EnumStorage.AsString,
        };
        options.Serializer(serializer);
        options.Listeners.Add(new SealingSessions(cipher, ids));
        foreach (var type in types.All)
        {
            var description = types.Describe(type);
            options.Events.MapEventType(type, description.Alias);
            var upcast = new JsonTransformation(
                (_, row, data) => serializer.Read(type, row, data),
                (_, row, data, ct) => serializer.ReadAsync(type, row, data, ct)
            );
            foreach (var earlier in description.Aliases.SkipLast(1))
                options.Events.Upcast(type, earlier, upcast);
        }
        foreach (var aggregate in aggregates)
        {
            if (!AggregateFold.IsAggregate(aggregate))
                throw new ArgumentException(
                    $"{aggregate} is no aggregate: it has no static Create that makes one from an event",
                    nameof(aggregates)
                );
            AddFold.MakeGenericMethod(aggregate).Invoke(null, [options]);
            // A stream has its aggregate's alias. The query fills Marten's table in both directions.
            AliasesOf((EventGraph)options.Events).Fill(aggregate, AggregateFold.Of(aggregate).StreamType);
            ((IEventRegistry)options.Events).AggregateAliasFor(aggregate);
        }
        return options;
    }

    /// <summary>
    /// The same without keys: personal texts stay encrypted when they are read, and the database refuses events that
    /// hold any.
    /// </summary>
    public static StoreOptions OpenVezaLog(
        this StoreOptions options,
        EventTypes types,
        params IEnumerable<Type> aggregates
    ) => options.OpenVezaLog(new PersonalDataCipher(types, keys: null), aggregates);

    // Marten derives the alias from the type's name and has no option for another one.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_aggregateNameByType")]
    private static extern ref Cache<Type, string> AliasesOf(EventGraph events);

    private static readonly System.Reflection.MethodInfo AddFold = typeof(MartenOverLog).GetMethod(
        nameof(Add),
        System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic
    )!;

    private static void Add<TAggregate>(StoreOptions options)
        where TAggregate : class =>
        options.Projections.Add(new FoldedProjection<TAggregate>(), ProjectionLifecycle.Live);
}
