using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events;
using Veza.Domain;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Events;
using Veza.EventStore.Marten;

namespace MartenOnVeza;

/// <summary>Reads, aggregates, projects and appends to the log of a running Veza with Marten alone.</summary>
public static class Sample
{
    private static readonly TimeSpan CaughtUpWithin = TimeSpan.FromSeconds(60);

    /// <summary>Veza's event types with their personal texts and their JSON.</summary>
    private static EventTypes Types { get; } =
        EventTypes.DerivedFrom(
            typeof(DomainEvent),
            json => json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)),
            new(
                property => property.GetCustomAttribute<PersonalAttribute>()?.Owner,
                type => type.GetCustomAttribute<ErasesAttribute>()?.Account
            )
        );

    /// <returns>The message that got a reaction; null when there is no message yet.</returns>
    public static async Task<Guid?> RunAsync(
        string database,
        string encryptionKey,
        TextWriter output,
        CancellationToken ct
    )
    {
        await using var log = await LogTypes.OpenAsync(
            database,
            Types,
            Encoding.UTF8.GetBytes(encryptionKey),
            TimeProvider.System,
            ct
        );
        await using var store = DocumentStore.For(options =>
        {
            options.Connection(database);
            options.DatabaseSchemaName = "sample";
            options.OpenVezaLog(log.Cipher, typeof(Message));
            options.Projections.Add<ChannelActivityProjection>(ProjectionLifecycle.Async);
            // One process alone projects; Marten's HotCold is for several.
            options.Projections.AsyncMode = DaemonMode.Solo;
        });
        await store.MakeDocumentTablesAsync(ct);

        if (await NewestAsync(store, ct) is not { } message)
        {
            output.WriteLine("nobody has sent a message yet; try ./veza demo");
            return null;
        }
        await ReadAsync(store, message.Id, output, ct);
        await ReactAsync(store, message, output, ct);
        await ProjectAsync(store, message.ChannelId, output, ct);
        return message.Id;
    }

    /// <summary>Queries events with LINQ, then the aggregate as commands see it.</summary>
    private static async Task<Message?> NewestAsync(IDocumentStore store, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var sent = await session
            .Events.QueryAllRawEvents()
            .Where(e => e.EventTypeName == "message_sent")
            .OrderByDescending(e => e.Sequence)
            .Take(20)
            .ToListAsync(ct);
        foreach (var e in sent)
            if (
                (await session.Events.AggregateStreamAsync<Folded<Message>>(e.StreamId, token: ct))?.State is
                { Deleted: false } message
            )
                return message;
        return null;
    }

    /// <summary>Reads the stream event by event, and the message as of each version.</summary>
    private static async Task ReadAsync(IDocumentStore store, Guid message, TextWriter output, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        foreach (var e in await session.Events.FetchStreamAsync(message, token: ct))
        {
            var then = await session.Events.AggregateStreamAsync<Folded<Message>>(
                message,
                version: e.Version,
                token: ct
            );
            output.WriteLine(
                $"position {e.Sequence}, version {e.Version}: {e.EventTypeName} at {e.Timestamp:u}; "
                    + $"the message then: {then!.State!.Text}"
            );
        }
    }

    /// <summary>Appends to a stream at the version that was read, and fails on a concurrent append.</summary>
    private static async Task ReactAsync(IDocumentStore store, Message message, TextWriter output, CancellationToken ct)
    {
        await using var session = store.LightweightSession();
        // The author of the event.
        session.LastModifiedBy = message.AuthorId.ToString("N");
        var stream = await session.Events.FetchForWriting<Folded<Message>>(message.Id, ct);
        if (stream.Aggregate!.State!.Reactions.Contains(new(message.AuthorId, "📎")))
            return;
        stream.AppendOne(new ReactionAdded(message.Id, message.ChannelId, message.AuthorId, "📎"));
        await session.SaveChangesAsync(ct);
        output.WriteLine($"its author reacts with 📎, at position {stream.Events[^1].Sequence}");
    }

    /// <summary>Runs Marten's async daemon until it has processed all events.</summary>
    private static async Task ProjectAsync(DocumentStore store, Guid channel, TextWriter output, CancellationToken ct)
    {
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(CaughtUpWithin);
        await daemon.StopAllAsync();
        await using var session = store.QuerySession();
        var activity = await session.LoadAsync<ChannelActivity>(channel, ct);
        output.WriteLine(
            $"its channel has {activity!.Messages} messages, {activity.Deleted} of them deleted, "
                + $"and {activity.Reactions} reactions"
        );
    }
}
