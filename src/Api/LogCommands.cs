using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api.Configuration;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Wolverine;
using Wolverine.Runtime;

namespace Veza.Api;

/// <summary>
/// An open log with its commands and nothing else: no ports, no reactors, no projections. For a program that an
/// operator runs, whether nodes run or not.
/// </summary>
public sealed class LogCommands : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly CommandBus _bus;

    private LogCommands(EventLog log, IHost host)
    {
        Log = log;
        _host = host;
        _bus = host.Services.GetRequiredService<CommandBus>();
    }

    public EventLog Log { get; }

    /// <param name="settings">With its secrets filled in.</param>
    /// <param name="connectionString">Npgsql's form.</param>
    public static async Task<LogCommands> OpenAsync(
        VezaSettings settings,
        string connectionString,
        CancellationToken ct
    )
    {
        var log = await EventLog.OpenAsync(
            connectionString,
            VezaApplication.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            ct,
            wrapping: settings.KeyWrapping(),
            names: VezaApplication.NameRules
        );
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(provider => new CommandBus(
            provider.GetRequiredService<IWolverineRuntime>(),
            log,
            TimeProvider.System.GetUtcNow
        ));
        builder.UseWolverine(options => options.RunVezaCommands(new Limits(settings.MessageBytesMax)));
        var host = builder.Build();
        await host.StartAsync(ct);
        return new(log, host);
    }

    /// <exception cref="CommandRefusedException">The log did not take it.</exception>
    public Task SendAsync<TCommand>(TCommand command)
        where TCommand : notnull => _bus.FollowUpAsync(Guid.CreateVersion7(), command);

    /// <returns>Whether an account has this user name.</returns>
    /// <exception cref="CommandRefusedException">The account is erased, or the role is none.</exception>
    public async Task<bool> GrantRoleAsync(string userName, string role, CancellationToken ct)
    {
        // Names are held in lower case, so that no two accounts differ in case alone.
        var name = userName.ToLowerInvariant();
        if (await Log.Reader.FindNameAsync(Account.UserNameScope, name, ct) is not { } account)
            return false;
        await SendAsync(new GrantRole(account, role));
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        await Log.DisposeAsync();
    }
}
