using System.CommandLine;
using Npgsql;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.Cli;
using Veza.EventStore.Postgres;

var run = new Command(
    "run",
    "Runs Veza in this process until Ctrl-C or SIGTERM; everything is set by environment variables."
);
var roles = new Option<string?>("--roles")
{
    Description = "The parts to run here, such as api,realtime. It replaces ROLES.",
};
run.Options.Add(roles);
run.SetAction(
    async (arguments, ct) =>
    {
        if (arguments.GetValue(roles) is { } given)
            Environment.SetEnvironmentVariable(Variables.Roles.Name, given);
        return await VezaHost.RunAsync(VezaSettings.FromEnvironment(), ct);
    }
);

var config = new Command(
    "config",
    "Shows every environment variable: current value, default, meaning. Secrets are masked."
);
var markdown = new Option<bool>("--markdown")
{
    Description = "Writes the table of docs/reference/configuration.md instead.",
};
config.Options.Add(markdown);
config.SetAction(arguments =>
{
    if (arguments.GetValue(markdown))
    {
        Console.Write(SettingsText.Markdown());
        return 0;
    }
    var sources = SettingSources.OfProcess();
    Console.Write(SettingsText.Current(sources));
    // Last, so that what is wrong is seen without scrolling, and a script can ask whether the start would succeed.
    VezaSettings.Parse(sources);
    return 0;
});

var veza = new RootCommand("Veza: community chat and music on one event log.")
{
    run,
    config,
    ReplayCommand.Create(),
    ProjectionsCommand.Create(),
    ReactorsCommand.Create(),
    VerifyCommand.Create(),
    KeysCommand.Create(),
    AccountsCommand.Create(),
    DiffCommand.Create(),
    HealthCommand.Create(),
};
try
{
    // The host handles signals itself; the library's own time-out would cut its shutdown short.
    return await veza.Parse(args)
        .InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (InvalidSettingsException e)
{
    foreach (var problem in e.Problems)
        Console.Error.WriteLine("veza: " + problem);
    return ExitCode.Failed;
}
catch (Exception e) when (e is LocalPostgresException or IOException or NpgsqlException)
{
    Console.Error.WriteLine("veza: " + e.Message);
    return ExitCode.Failed;
}
catch (OperationCanceledException)
{
    // Asked to end before the start was complete.
    return 0;
}
