using Veza.Domain;
using Veza.EventStore;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Wolverine.Runtime;

namespace Veza.Fixtures;

/// <summary>
/// A log that the production handlers append to: <see cref="Rules"/> in memory, or <see cref="TestLog"/>.
/// </summary>
public interface IHandledLog
{
    /// <summary>The time at which a scenario begins.</summary>
    DateTimeOffset Now { get; }

    IDecisionLog Log { get; }

    /// <summary>Runs the generated production handlers on any log and clock.</summary>
    IWolverineRuntime Wolverine { get; }

    /// <returns>The command's events, in order.</returns>
    /// <param name="after">A position before its events.</param>
    Task<DomainEvent[]> EventsOfAsync(Guid command, long after);
}

public static class HandledLogs
{
    /// <param name="steps">Commands, events that <see cref="Happened"/> without one, and spans of time.</param>
    public static Scenario Given(this IHandledLog log, params object[] steps) => new(log, steps);

    /// <summary>Appends events that no command of the test produced.</summary>
    public static async Task AppendAsync(this IHandledLog handled, Happened happened)
    {
        var log = handled.Log;
        var version = (await log.LoadAsync(happened.Model, happened.Stream, CancellationToken.None)).Version;
        var streamType = AggregateFold.Of(happened.Model).StreamType;
        var change = new StreamChange(happened.Stream, streamType, version, happened.Events);
        var outcome = await log.AppendAsync(new(Guid.CreateVersion7(), [change], []));
        Assert.IsType<AppendOutcome.Accepted>(outcome);
    }
}
