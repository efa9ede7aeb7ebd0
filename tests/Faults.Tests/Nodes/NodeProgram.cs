using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.Faults.Tests.Load;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Nodes;

/// <summary>
/// A node in its own process. It writes requests, answers and observed events to standard output as they happen, so
/// that they survive a kill.
/// </summary>
/// <remarks>
/// Arguments: name, seed, writers, <see cref="NodeWork"/>. It ends in order when its standard input does.
/// </remarks>
internal static class NodeProgram
{
    public const string Argument = "node";
    public const string DatabaseVariable = "VEZA_FAULTS_NODE_DATABASE";
    public const string Ready = "ready";

    private static readonly Lock Output = new();
    private static int _asked;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var (name, seed, writers) = (
            arguments[0],
            int.Parse(arguments[1], CultureInfo.InvariantCulture),
            int.Parse(arguments[2], CultureInfo.InvariantCulture)
        );
        var work = Enum.Parse<NodeWork>(arguments[3]);
        await using var output = Console.OpenStandardOutput();
        if (work == NodeWork.Session)
        {
            await RunSessionsAsync(output, name, seed, writers);
            return 0;
        }
        await using var log = await EventLog.OpenAsync(
            Environment.GetEnvironmentVariable(DatabaseVariable)!,
            MixedLoad.Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        log.Tail.Watch(e => Write(output, "saw", LogRow.Of(e)));

        using var stop = new CancellationTokenSource();
        Task load;
        await using var owner =
            work == NodeWork.Own
                ? await Owning.Tallies.RunAsync(log, Environment.GetEnvironmentVariable(DatabaseVariable)!)
                : null;
        if (work == NodeWork.RepeatAtOnce)
        {
            var first = Enumerable
                .Range(0, writers)
                .Select(_ =>
                    MixedLoad.Repeatable(MixedLoad.Command((Guid.CreateVersion7(), 0, 1)), NodeProcess.AnswerBytes)
                )
                .ToArray();
            await Task.WhenAll(first.Select(r => AskAsync(output, log, name, r)));
            Write(output, Ready, "");
            // The test has blocked something by now, and asks with one line for all repeats.
            await Console.In.ReadLineAsync();
            load = Task.WhenAll(first.Select(r => AskAsync(output, log, name, r)));
        }
        else
        {
            load = new MixedLoad(r => AskAsync(output, log, name, r), seed, work == NodeWork.OneStream).RunAsync(
                writers,
                stop.Token
            );
            Write(output, Ready, "");
        }
        await Console.In.ReadToEndAsync();
        await stop.CancelAsync();
        await load;
        return 0;
    }

    /// <summary>Not a node but a program with Marten and a connection string.</summary>
    private static async Task RunSessionsAsync(Stream output, string name, int seed, int writers)
    {
        await using var store = new SessionStore(Environment.GetEnvironmentVariable(DatabaseVariable)!);
        using var stop = new CancellationTokenSource();
        var load = new MixedLoad(r => AskAsync(output, store.AppendAsync, name, r), seed, streamsOnly: true).RunAsync(
            writers,
            stop.Token
        );
        Write(output, Ready, "");
        await Console.In.ReadToEndAsync();
        await stop.CancelAsync();
        await load;
    }

    private static Task<Answer> AskAsync(Stream output, EventLog log, string name, AppendRequest request) =>
        AskAsync(output, log.Appender.AppendAsync, name, request);

    private static async Task<Answer> AskAsync(
        Stream output,
        Func<AppendRequest, Task<AppendOutcome>> append,
        string name,
        AppendRequest request
    )
    {
        var ask = Ask.Of(name, Interlocked.Increment(ref _asked), request, MixedLoad.Types);
        Write(output, "ask", ask);
        Answer answer;
        try
        {
            answer = Answer.Of(await append(request));
        }
        catch (Exception fault)
        {
            answer = Answer.Of(fault);
        }
        Write(output, "answer", new NodeAnswer(ask.Number, Stopwatch.GetTimestamp(), answer));
        return answer;
    }

    private static void Write<T>(Stream output, string kind, T value)
    {
        byte[] line =
        [
            .. System.Text.Encoding.UTF8.GetBytes(kind),
            (byte)' ',
            .. JsonSerializer.SerializeToUtf8Bytes(value),
            (byte)'\n',
        ];
        lock (Output)
        {
            output.Write(line);
            output.Flush();
        }
    }
}

public enum NodeWork
{
    Mixed,

    /// <summary>All writers write one stream.</summary>
    OneStream,

    /// <summary>Each writer's command once. After a line on standard input, all of them again in one batch.</summary>
    RepeatAtOnce,

    /// <summary>Appends through Marten sessions, as a program other than a node does.</summary>
    Session,

    /// <summary>Only its share of the shards of <see cref="Owning.Tallies"/>; it has no writers.</summary>
    Own,
}

internal sealed record NodeAnswer(int Number, long At, Answer Answer);
