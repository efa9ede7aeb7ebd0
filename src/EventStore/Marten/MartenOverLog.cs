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

/// <summary>How a Marten store opens the log.</summary>
public static class MartenOverLog
{
    /// <summary>The log's own, which holds no documents.</summary>
    public const string Schema = "log";

    /// <summary>
    /// Points a store's events at the log: its schema, event types, aliases, serializer and upcasters; changes nothing
    /// in the database. Sessions read every event and append through <c>log.mt_quick_append_events</c>, which keeps
    /// all that the log promises. Documents stay in <see cref="StoreOptions.DatabaseSchemaName"/>, which must be
    /// another schema.
    /// </summary>
    /// <param name="cipher"><see cref="EventLog.Cipher"/> of a node, <see cref="LogTypes.Cipher"/> of any other
    /// program.</param>
    /// <param name="models">Which <see cref="Folded{TModel}"/> can be aggregated.</param>
    public static StoreOptions OpenVezaLog(
        this StoreOptions options,
        PersonalDataCipher cipher,
        params IEnumerable<Type> models
    )
    {
        var types = cipher.Types;
        if (options.DatabaseSchemaName == Schema)
            throw new ArgumentException(
                $"{nameof(options.DatabaseSchemaName)} is {Schema}, the log's own; documents need another schema",
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
        // What fails is thrown. Marten would write its parameters to the log, which are what people wrote.
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
        foreach (var model in models)
        {
            if (!AggregateFold.IsModel(model))
                throw new ArgumentException(
                    $"{model} is no model: it has no static Create that makes one from an event",
                    nameof(models)
                );
            AddFold.MakeGenericMethod(model).Invoke(null, [options]);
            // A stream carries its aggregate's alias; asking fills Marten's table in both directions.
            AliasesOf((EventGraph)options.Events).Fill(model, AggregateFold.Of(model).StreamType);
            ((IEventRegistry)options.Events).AggregateAliasFor(model);
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
        params IEnumerable<Type> models
    ) => options.OpenVezaLog(new PersonalDataCipher(types, keys: null), models);

    // Marten derives the alias from the type's name and has no option for another one.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_aggregateNameByType")]
    private static extern ref Cache<Type, string> AliasesOf(EventGraph events);

    private static readonly System.Reflection.MethodInfo AddFold = typeof(MartenOverLog).GetMethod(
        nameof(Add),
        System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic
    )!;

    private static void Add<TModel>(StoreOptions options)
        where TModel : class => options.Projections.Add(new FoldedProjection<TModel>(), ProjectionLifecycle.Live);
}
