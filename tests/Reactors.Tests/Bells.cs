using System.Collections.Concurrent;
using Veza.Reactors.Running;

namespace Veza.Reactors.Tests;

/// <summary>Records the events that its reactors get. A test may fail or delay them by the event's number.</summary>
public sealed class Tower
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _gates = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _begun = new();

    public ConcurrentQueue<int> Done { get; } = new();
    public ConcurrentDictionary<int, int> Attempts { get; } = new();

    /// <summary>Decides by the event's number and the attempt.</summary>
    public Func<int, int, Exception?> Fault { get; set; } = (_, _) => null;

    public void Hold(int number) => _gates[number] = Source();

    public void LetGo(int number) => _gates[number].TrySetResult();

    /// <summary>Completes with the first delivery of the event.</summary>
    public Task Begun(int number) =>
        _begun.GetOrAdd(number, _ => Source()).Task.WaitAsync(TestContext.Current.CancellationToken);

    public async Task RingAsync(int number, CancellationToken ct)
    {
        var attempt = Attempts.AddOrUpdate(number, 1, (_, before) => before + 1);
        _begun.GetOrAdd(number, _ => Source()).TrySetResult();
        if (_gates.TryGetValue(number, out var gate))
            await gate.Task.WaitAsync(ct);
        if (Fault(number, attempt) is { } fault)
            throw fault;
        Done.Enqueue(number);
    }

    private static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

public abstract record Event;

public sealed record Rang(int Number) : Event;

public sealed record Fell(int Number) : Event;

/// <summary>Rings at every event of its type.</summary>
[Reactor(Name, AtOnceMax = 4, AttemptsMax = 3, WaitSecondsMax = 1)]
public sealed class Bell(Tower tower)
{
    public const string Name = "test.bell.v1";

    public Task HandleAsync(Appended<Rang> appended, AppendedEvent<Rang> e, CancellationToken ct) =>
        tower.RingAsync(e.Data.Number, ct);
}
