using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Appending;

namespace Veza.Bench;

/// <summary>
/// Fills a log with messages by the product's own appends, so that its hash chain, keys and sealed texts are real.
/// </summary>
internal static class MessageLog
{
    private const int MessagesInCommand = 100;
    private const int CommandsAtOnce = 32;
    private const int Channels = 500;
    private const int Authors = 20_000;
    private const string Text =
        "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price, "
        + "and the break made me miss my stop.";

    private static readonly Guid[] Places = Ids(Channels);
    private static readonly Guid[] People = Ids(Authors);

    /// <summary>Appends to DATABASE_URL until the log has so many events.</summary>
    public static async Task<int> FillAsync(long events)
    {
        var settings = DevelopmentSecrets.Fill(VezaSettings.FromEnvironment());
        if (settings.Database is not { } database)
        {
            Console.Error.WriteLine("bench fill: DATABASE_URL is not set");
            return 2;
        }
        await using var log = await EventLog.OpenAsync(
            database.ConnectionString,
            VezaApplication.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: settings.KeyWrapping(),
            names: VezaApplication.NameRules
        );
        await Task.WhenAll(
            Enumerable
                .Range(0, CommandsAtOnce)
                .Select(async _ =>
                {
                    while (log.Head < events)
                        await log.Appender.AppendAsync(
                            new(
                                Guid.CreateVersion7(),
                                [.. Enumerable.Range(0, MessagesInCommand).Select(_ => Message())],
                                []
                            )
                        );
                })
        );
        return 0;
    }

    private static StreamChange Message()
    {
        var id = Guid.CreateVersion7();
        var sent = new MessageSent(id, OneOf(Places), OneOf(People), Text, null);
        return new(id, "message", 0, [sent]);
    }

    private static Guid OneOf(Guid[] ids) => ids[Random.Shared.Next(ids.Length)];

    private static Guid[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];
}
