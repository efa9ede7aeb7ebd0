using System.CommandLine;
using System.Globalization;

namespace Veza.Cli;

/// <summary><c>veza replay</c>: reads the log over HTTP, and continues after a broken connection.</summary>
internal static class ReplayCommand
{
    /// <summary>Failed attempts in a row without an event in between.</summary>
    private const int AttemptsMax = 10;

    /// <summary>
    /// The wait doubles at each attempt up to the longest: about three minutes in all, enough for a server's restart.
    /// </summary>
    private const int RetryMinSeconds = 1;
    private const int RetryMaxSeconds = 30;

    public static Command Create()
    {
        var url = new Option<string>("--url")
        {
            Description = "The server.",
            DefaultValueFactory = _ => OperatorClient.DefaultUrl,
        };
        var token = new Option<string?>("--token")
        {
            Description =
                "An access token with the scope log:read; otherwise the operator of .veza/operator.json signs in.",
        };
        var after = new Option<long>("--after") { Description = "Begin after this position." };
        var types = new Option<string?>("--types")
        {
            Description = "Only these event types, such as message_sent,message_edited.",
        };
        var stream = new Option<Guid?>("--stream") { Description = "Only this stream." };
        var limit = new Option<long?>("--limit") { Description = "End after so many events." };
        var follow = new Option<bool>("--follow") { Description = "Go on live at the head." };
        var format = new Option<string>("--format")
        {
            Description = "ndjson, csv, or text for people.",
            DefaultValueFactory = _ => "ndjson",
        };
        format.AcceptOnlyFromAmong("ndjson", "csv", "text");
        var output = new Option<FileInfo?>("--out") { Description = "A file instead of standard output." };
        var replay = new Command("replay", "Reads the log, oldest event first.")
        {
            url,
            token,
            after,
            types,
            stream,
            limit,
            follow,
            format,
            output,
        };
        replay.SetAction(
            async (arguments, ct) =>
            {
                using var client = new OperatorClient(new(arguments.GetValue(url)!), arguments.GetValue(token));
                await using var target = arguments.GetValue(output) is { } file
                    ? file.Create()
                    : Console.OpenStandardOutput();
                await using var text = new StreamWriter(target, bufferSize: 64 << 10);
                var run = new Replay(
                    client,
                    ReplayFormat.Of(arguments.GetValue(format)!),
                    text,
                    arguments.GetValue(types),
                    arguments.GetValue(stream),
                    arguments.GetValue(limit),
                    arguments.GetValue(follow)
                );
                return await RunAsync(run, arguments.GetValue(after), ct);
            }
        );
        return replay;
    }

    private static async Task<int> RunAsync(Replay replay, long after, CancellationToken ct)
    {
        using var progress = new ReplayProgress(after);
        var attempts = 0;
        while (true)
        {
            var before = progress.Position;
            try
            {
                await replay.RunAsync(progress, ct);
                return 0;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return 0;
            }
            catch (OperatorClientException refused)
            {
                Console.Error.WriteLine("veza: " + refused.Message);
                return ExitCode.Failed;
            }
            catch (Exception broken) when (broken is HttpRequestException or HttpIOException)
            {
                attempts = progress.Position > before ? 1 : attempts + 1;
                if (attempts >= AttemptsMax)
                {
                    Console.Error.WriteLine(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"veza: {broken.Message}; {attempts} attempts failed. "
                                + $"Go on with --after {progress.Position}"
                        )
                    );
                    return ExitCode.Failed;
                }
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(RetryMinSeconds << (attempts - 1), RetryMaxSeconds)), ct)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
