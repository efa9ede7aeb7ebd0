using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Veza.EventStore.Database;
using Wolverine;
using Wolverine.ErrorHandling;
using Wolverine.Runtime;
using Wolverine.Runtime.Handlers;

namespace Veza.Reactors.Running;

/// <summary>What becomes of a message whose handler throws. Wolverine keeps the waits and the dead letters.</summary>
internal static class ReactorFailures
{
    /// <summary>Before a message is looked at again that may not be handled yet.</summary>
    private static readonly TimeSpan HeldBackFor = TimeSpan.FromSeconds(1);

    /// <summary>Before the next attempt at what is nobody's fault.</summary>
    private static readonly TimeSpan ComesBackAfter = TimeSpan.FromSeconds(5);

    /// <summary>Whether the fault is none of the event's: the database comes back.</summary>
    public static bool ComesBack(Exception fault) =>
        fault is ReactorWaitsException || (fault is NpgsqlException && DatabaseFaults.IsUnavailable(fault));

    /// <summary>Wolverine takes the first rule that fits.</summary>
    public static void Apply(HandlerChain chain, Reactor reactor)
    {
        chain
            .OnException<HeldBackException>()
            .CustomActionIndefinitely(
                (runtime, message, _) => AgainAsync(message, Now(runtime) + HeldBackFor),
                "waits for the stream's earlier message, which counts as no attempt"
            );
        chain
            .OnException<ReactorStoppedException>()
            .CustomActionIndefinitely((_, _, _) => ValueTask.CompletedTask, "stays in the queue for the next start");
        chain
            .OnException<ReactorNotBeforeException>()
            .CustomActionIndefinitely(
                (_, message, fault) => AgainAsync(message, ((ReactorNotBeforeException)fault).Time),
                "waits for its time, which counts as no attempt"
            );
        chain
            .OnException(ComesBack)
            .CustomActionIndefinitely(
                (runtime, message, _) => AgainAsync(message, Now(runtime) + ComesBackAfter),
                "is tried again for as long as it takes, which counts as no attempt"
            );
        chain.OnException<ReactorGivesUpException>().MoveToErrorQueue();
        chain
            .OnAnyException()
            .ScheduleRetry([.. Enumerable.Range(1, reactor.Retries.AttemptsMax - 1).Select(reactor.Retries.WaitAfter)])
            .Then.MoveToErrorQueue();
    }

    private static DateTimeOffset Now(IWolverineRuntime runtime) =>
        runtime.Services.GetRequiredService<TimeProvider>().GetUtcNow();

    private static ValueTask AgainAsync(IEnvelopeLifecycle message, DateTimeOffset time)
    {
        message.Envelope!.Attempts = Math.Max(0, message.Envelope.Attempts - 1);
        return new(message.ReScheduleAsync(time));
    }
}

/// <summary>An earlier event of the stream is not finished yet, or the message is being handled already.</summary>
internal sealed class HeldBackException() : Exception("an earlier event of the same stream is not finished yet");

/// <summary>It is too early for the event: its handler is to be called again at a time.</summary>
public sealed class ReactorNotBeforeException(DateTimeOffset time) : Exception("it is too early")
{
    public DateTimeOffset Time { get; } = time;
}

/// <summary>The node stops.</summary>
internal sealed class ReactorStoppedException() : Exception("the node stops; the message is taken up again");

/// <summary>The fault is none of the event's, and passes.</summary>
internal sealed class ReactorWaitsException(string why, Exception? fault = null) : Exception(why, fault);
