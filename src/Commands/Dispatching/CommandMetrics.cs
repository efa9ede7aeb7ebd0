using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Veza.Commands.Dispatching;

/// <summary>The traces and metrics of commands.</summary>
internal static class CommandMetrics
{
    public static readonly ActivitySource Traces = new("Veza.Commands");

    private static readonly Meter Meter = new("Veza.Commands");

    public static readonly Counter<long> Conflicts = Meter.CreateCounter<long>(
        "veza.commands.conflicts",
        "{conflict}",
        "Version conflicts met and decided again."
    );

    public static readonly Counter<long> Repeated = Meter.CreateCounter<long>(
        "veza.commands.repeated",
        "{command}",
        "Commands sent again under a known id and answered as the first time."
    );

    private static readonly Counter<long> Handled = Meter.CreateCounter<long>(
        "veza.commands.handled",
        "{command}",
        "Commands answered, by name and outcome."
    );

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "veza.commands.refused",
        "{command}",
        "Commands refused, by code."
    );

    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>(
        "veza.commands.duration",
        "s",
        "From a command's arrival to its answer, by name."
    );

    /// <param name="started">A time stamp of <see cref="Stopwatch"/>.</param>
    public static void Answered(Type command, CommandResult result, long started)
    {
        var name = new KeyValuePair<string, object?>("command", command.Name);
        if (result is CommandResult.Refused no)
            Refused.Add(1, new KeyValuePair<string, object?>("code", no.Refusal.Code));
        Seconds.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, name);
        Handled.Add(1, name, new("outcome", result is CommandResult.Done ? "done" : "refused"));
    }
}
