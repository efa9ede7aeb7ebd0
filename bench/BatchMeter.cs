using System.Diagnostics.Metrics;

namespace Veza.Bench;

/// <summary>The size and duration of append batches, from the log's metrics.</summary>
internal sealed class BatchMeter : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _batches;
    private long _commands;
    private double _seconds;

    public BatchMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name is "veza.log.batch.commands" or "veza.log.commit.duration")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>(
            (_, commands, _, _) =>
            {
                Interlocked.Increment(ref _batches);
                Interlocked.Add(ref _commands, commands);
            }
        );
        _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => _seconds += seconds);
        _listener.Start();
    }

    /// <returns>The average commands and milliseconds of a batch since the last call.</returns>
    public (double Commands, double Milliseconds) Take()
    {
        var (batches, commands, seconds) = (
            Interlocked.Exchange(ref _batches, 0),
            Interlocked.Exchange(ref _commands, 0),
            Interlocked.Exchange(ref _seconds, 0)
        );
        return batches == 0 ? (0, 0) : ((double)commands / batches, seconds * 1000 / batches);
    }

    public void Dispose() => _listener.Dispose();
}
