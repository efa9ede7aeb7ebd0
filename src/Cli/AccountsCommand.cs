using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Api.Accounts;
using Veza.Api.Configuration;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.Media;
using Wolverine;
using Wolverine.Runtime;

namespace Veza.Cli;

/// <summary><c>veza accounts</c>: erases accounts again that a restored backup has brought back.</summary>
internal static class AccountsCommand
{
    private const int ExitCodeFailed = 1;

    /// <summary>Accounts of one list, of 33 bytes each. A longer list is given in parts.</summary>
    private const int AccountsMax = 1_000_000;

    public static Command Create()
    {
        var erased = new Command("erased", "Lists the accounts that were ever erased, one id a line.");
        erased.SetAction((_, ct) => ListAsync(ct));
        var from = new Option<string>("--from")
        {
            Description = "A file of account ids, one a line; - is standard input.",
            Required = true,
        };
        var erase = new Command(
            "erase",
            "Erases the accounts of a list, as they had asked before the log was restored. May be ended and begun again."
        )
        {
            from,
        };
        erase.SetAction((arguments, ct) => EraseAsync(arguments.GetValue(from)!, ct));
        return new("accounts", "Erases accounts again after a restore; needs the same settings as Veza.")
        {
            erased,
            erase,
        };
    }

    private static async Task<int> ListAsync(CancellationToken ct)
    {
        var settings = VezaSettings.FromEnvironment();
        // Opening the store would make the folder, and perhaps as another user than Veza's.
        if (settings.Bucket is null && !Directory.Exists(settings.MediaRoot))
            return 0;
        MediaStore media = settings.Bucket is { } bucket
            ? new BucketStore(bucket, settings.MediaRoot, settings.UploadBytesMax, TimeProvider.System)
            : new FolderStore(settings.MediaRoot, settings.UploadBytesMax, TimeProvider.System);
        using (media as IDisposable)
            await foreach (var account in media.ErasuresAsync(ct))
                Console.WriteLine(account);
        return 0;
    }

    private static async Task<int> EraseAsync(string from, CancellationToken ct)
    {
        HashSet<Guid>? accounts;
        using (var list = from == "-" ? Console.In : new StreamReader(from))
            accounts = await ReadAsync(from, list, Console.Error, ct);
        if (accounts is null)
            return ExitCodeFailed;
        var settings = VezaSettings.FromEnvironment();
        if (!settings.InProduction)
            settings = DevelopmentSecrets.Fill(settings);
        return await DatabaseCommand.RunAsync(
            settings,
            (connectionString, stop) => EraseAsync(settings, connectionString, accounts, Console.Out, stop),
            ct
        );
    }

    /// <param name="name">Of the list, for faults.</param>
    /// <returns>Null when a line is at fault, and then nothing is erased.</returns>
    internal static async Task<HashSet<Guid>?> ReadAsync(
        string name,
        TextReader list,
        TextWriter faults,
        CancellationToken ct
    )
    {
        var accounts = new HashSet<Guid>();
        for (var line = 1; await list.ReadLineAsync(ct) is { } text; line++)
        {
            if (FaultOf(text.Trim(), accounts) is not { } fault)
                continue;
            faults.WriteLine(string.Create(CultureInfo.InvariantCulture, $"veza: {name}:{line}: {fault}"));
            return null;
        }
        return accounts;
    }

    /// <returns>Null when the line is empty or names an account, which is then in the list.</returns>
    private static string? FaultOf(string line, HashSet<Guid> accounts)
    {
        if (line.Length == 0)
            return null;
        if (!Guid.TryParse(line, out var account))
            return $"\"{line}\" is not the id of an account";
        if (accounts.Count == AccountsMax && !accounts.Contains(account))
            return string.Create(CultureInfo.InvariantCulture, $"more than {AccountsMax:N0} accounts");
        accounts.Add(account);
        return null;
    }

    internal static async Task<int> EraseAsync(
        VezaSettings settings,
        string connectionString,
        IReadOnlyCollection<Guid> accounts,
        TextWriter output,
        CancellationToken ct
    )
    {
        await using var log = await EventLog.OpenAsync(
            connectionString,
            VezaApplication.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            ct,
            wrapping: settings.KeyWrapping(),
            names: VezaApplication.NameRules
        );
        using var host = await StartAsync(log, ct);
        var commands = host.Services.GetRequiredService<CommandBus>();
        var counts = await new RepeatedErasures(log, commands).EraseAsync(accounts, Show, ct);
        await host.StopAsync(CancellationToken.None);
        if (!Console.IsErrorRedirected)
            Console.Error.Write($"\r{"", -70}\r");
        Write(output, counts.Again, "erased again");
        Write(output, counts.Already, "were already");
        Write(output, counts.Unknown, "not in this log");
        return 0;
    }

    /// <summary>Wolverine with the commands alone: no ports, no reactors, no projections.</summary>
    private static async Task<IHost> StartAsync(EventLog log, CancellationToken ct)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(provider => new CommandBus(
            provider.GetRequiredService<IWolverineRuntime>(),
            log,
            TimeProvider.System.GetUtcNow
        ));
        builder.UseWolverine(options => options.RunVezaCommands(new Limits()));
        var host = builder.Build();
        await host.StartAsync(ct);
        return host;
    }

    private static void Show(ErasureCounts counts)
    {
        if (!Console.IsErrorRedirected)
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{counts.All:N0} accounts"));
    }

    private static void Write(TextWriter output, int count, string what) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count, 9:N0} {what}"));
}
