using System.CommandLine;
using System.Globalization;
using Npgsql;
using Veza.Api.Configuration;
using Veza.EventStore.Personal;

namespace Veza.Cli;

/// <summary>
/// <c>veza keys</c>: shows by which ENCRYPTION_KEY the accounts' keys are wrapped, and wraps them anew while Veza runs.
/// </summary>
internal static class KeysCommand
{
    public static Command Create()
    {
        var status = new Command(
            "status",
            "Counts the accounts' keys; exits with 1 when ENCRYPTION_KEY alone cannot open all of them."
        );
        status.SetAction((_, ct) => RunAsync(StatusAsync, ct));
        var rotate = new Command(
            "rotate",
            "Wraps every key with ENCRYPTION_KEY that ENCRYPTION_KEY_ACCEPTED opens. May be ended and begun again."
        );
        rotate.SetAction((_, ct) => RunAsync(RotateAsync, ct));
        return new("keys", "Replaces ENCRYPTION_KEY while Veza runs; needs the same settings as Veza.")
        {
            status,
            rotate,
        };
    }

    private static Task<int> RunAsync(Func<KeyRotation, CancellationToken, Task<int>> run, CancellationToken ct)
    {
        var settings = DevelopmentSecrets.Fill(VezaSettings.FromEnvironment());
        var wrapping = settings.KeyWrapping();
        return DatabaseCommand.RunAsync(
            settings,
            "veza-keys",
            (database, stop) => run(new(database, wrapping), stop),
            ct
        );
    }

    private static async Task<int> StatusAsync(KeyRotation keys, CancellationToken ct)
    {
        var counts = await keys.CountAsync(ct);
        Write(counts.Current, "wrapped with ENCRYPTION_KEY");
        Write(counts.Accepted, "wrapped with ENCRYPTION_KEY_ACCEPTED, which is still needed");
        Write(counts.Unreadable, "wrapped with another key");
        return counts is { Accepted: 0, Unreadable: 0 } ? 0 : ExitCode.Failed;
    }

    private static async Task<int> RotateAsync(KeyRotation keys, CancellationToken ct)
    {
        var counts = await keys.RotateAsync(Show, ct);
        if (!Console.IsErrorRedirected)
            Console.Error.Write($"\r{"", -70}\r");
        Write(counts.Accepted, "wrapped anew with ENCRYPTION_KEY");
        Write(counts.Current, "were already");
        Write(counts.Unreadable, "wrapped with another key, and left as they are");
        return counts.Unreadable == 0 ? 0 : ExitCode.Failed;
    }

    private static void Show(KeyCounts counts)
    {
        if (!Console.IsErrorRedirected)
            Console.Error.Write(
                string.Create(CultureInfo.InvariantCulture, $"\r{counts.Accepted + counts.Current:N0} keys")
            );
    }

    private static void Write(long count, string what) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count, 9:N0} {what}"));
}
