using System.CommandLine;
using System.Globalization;
using Npgsql;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.EventStore.Verification;

namespace Veza.Cli;

/// <summary><c>veza verify</c>: verifies the database itself, whether or not a Veza runs on it.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var verify = new Command(
            "verify",
            "Verifies the log's promises: hash chain, positions, times, versions, names; "
                + "exits with 1 on any difference."
        );
        verify.SetAction(
            (_, ct) => DatabaseCommand.RunAsync(VezaSettings.FromEnvironment(), "veza-verify", VerifyAsync, ct)
        );
        return verify;
    }

    private static async Task<int> VerifyAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        var report = await new LogVerifier(
            database,
            VezaApplication.NameRules,
            Console.IsErrorRedirected ? null : Show
        ).VerifyAsync(ct);
        if (!Console.IsErrorRedirected)
            Show("");
        Write(report);
        return report.IsSound ? 0 : ExitCode.Failed;
    }

    private static void Write(VerificationReport report)
    {
        foreach (var check in report.Checks)
        {
            var result = check.Differences.Count == 0 ? "ok  " : "FAIL";
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result} {check.What}: {check.Count:N0} {check.Of}, {check.Took.TotalSeconds:F2} s"
                )
            );
            foreach (var difference in check.Differences)
                Console.WriteLine("       " + difference);
            if (check.Differences.Count == LogVerifier.DifferencesMax)
                Console.WriteLine($"       (no more than {LogVerifier.DifferencesMax} are shown)");
        }
        var faulty = report.Checks.Count(c => c.Differences.Count > 0);
        var verdict = report.IsSound
            ? "The log is sound"
            : $"{faulty} of {report.Checks.Count} checks found differences";
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{verdict}: verified to position {report.Head:N0} in {report.Took.TotalSeconds:F1} s"
            )
        );
    }

    private static void Show(string line) => Console.Error.Write($"\r{line, -70}\r");
}
