using System.CommandLine;
using System.Globalization;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.Domain.Accounts;

namespace Veza.Cli;

/// <summary>
/// <c>veza accounts</c>: makes the first operator of a production, and erases accounts again that a restored backup has
/// brought back.
/// </summary>
internal static class AccountsCommand
{
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
            "Erases the accounts of a list, as they asked before the log was restored. May be ended and begun again."
        )
        {
            from,
        };
        erase.SetAction((arguments, ct) => EraseAsync(arguments.GetValue(from)!, ct));
        return new("accounts", "Works on accounts in the log itself; needs the same settings as Veza.")
        {
            Grant(),
            erased,
            erase,
        };
    }

    private static Command Grant()
    {
        var name = new Argument<string>("name") { Description = "The account's user name." };
        var role = new Argument<string>("role") { Description = "The role." };
        role.AcceptOnlyFromAmong([.. PlatformRole.Granted]);
        var grant = new Command("grant", "Gives an account a role on the platform, such as the first operator's.")
        {
            name,
            role,
        };
        grant.SetAction(
            (arguments, ct) =>
            {
                var settings = DevelopmentSecrets.Fill(VezaSettings.FromEnvironment());
                return DatabaseCommand.RunAsync(
                    settings,
                    (connectionString, stop) =>
                        GrantAsync(
                            settings,
                            connectionString,
                            arguments.GetValue(name)!,
                            arguments.GetValue(role)!,
                            Console.Out,
                            Console.Error,
                            stop
                        ),
                    ct
                );
            }
        );
        return grant;
    }

    /// <returns>The exit code.</returns>
    internal static async Task<int> GrantAsync(
        VezaSettings settings,
        string connectionString,
        string name,
        string role,
        TextWriter output,
        TextWriter faults,
        CancellationToken ct
    )
    {
        await using var commands = await LogCommands.OpenAsync(settings, connectionString, ct);
        if (!await commands.GrantRoleAsync(name, role, ct))
        {
            faults.WriteLine($"veza: there is no account {name}");
            return ExitCode.Failed;
        }
        output.WriteLine($"{name} is {role}; its sessions have the role from their next renewal on");
        return 0;
    }

    private static async Task<int> ListAsync(CancellationToken ct)
    {
        await foreach (var account in RepeatedErasures.RecordedAsync(VezaSettings.FromEnvironment(), ct))
            Console.WriteLine(account);
        return 0;
    }

    private static async Task<int> EraseAsync(string from, CancellationToken ct)
    {
        HashSet<Guid>? accounts;
        using (var list = from == "-" ? Console.In : new StreamReader(from))
            accounts = await ReadAsync(from, list, Console.Error, ct);
        if (accounts is null)
            return ExitCode.Failed;
        var settings = DevelopmentSecrets.Fill(VezaSettings.FromEnvironment());
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
        await using var commands = await LogCommands.OpenAsync(settings, connectionString, ct);
        var counts = await new RepeatedErasures(commands).EraseAsync(accounts, Show, ct);
        if (!Console.IsErrorRedirected)
            Console.Error.Write($"\r{"", -70}\r");
        Write(output, counts.Again, "erased again");
        Write(output, counts.Already, "were already");
        Write(output, counts.Unknown, "not in this log");
        return 0;
    }

    private static void Show(ErasureCounts counts)
    {
        if (!Console.IsErrorRedirected)
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{counts.All:N0} accounts"));
    }

    private static void Write(TextWriter output, int count, string what) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count, 9:N0} {what}"));
}
