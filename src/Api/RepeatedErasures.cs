using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api.Configuration;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.Media;
using Wolverine;
using Wolverine.Runtime;

namespace Veza.Api;

/// <summary>What became of the accounts of a list.</summary>
/// <param name="Again">Erased now.</param>
/// <param name="Already">Erased in this log before.</param>
/// <param name="Unknown">Registered after the moment that the log was restored to, or never.</param>
public sealed record ErasureCounts(int Again, int Already, int Unknown)
{
    public int All => Again + Already + Unknown;
}

/// <summary>
/// Erases accounts again after a restore to a moment before their erasure. It may be ended and begun again, while nodes
/// run or not: it looks at each account first.
/// </summary>
public sealed class RepeatedErasures : IAsyncDisposable
{
    /// <summary>Enough to fill the log's batches; a restored service has other work too.</summary>
    public const int AtOnceMax = 16;

    private readonly EventLog _log;
    private readonly IHost _host;
    private readonly CommandBus _commands;
    private int _again;
    private int _already;
    private int _unknown;

    private RepeatedErasures(EventLog log, IHost host)
    {
        _log = log;
        _host = host;
        _commands = host.Services.GetRequiredService<CommandBus>();
    }

    /// <summary>Opens the log with the commands alone: no ports, no reactors, no projections.</summary>
    /// <param name="settings">With its secrets filled in.</param>
    /// <param name="connectionString">Npgsql's form.</param>
    public static async Task<RepeatedErasures> OpenAsync(
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

    /// <returns>Every account that nodes recorded as erased beside the media.</returns>
    /// <exception cref="MediaStorageException">They could not be read.</exception>
    public static async IAsyncEnumerable<Guid> RecordedAsync(
        VezaSettings settings,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        // Opening the store would make the folder, and perhaps as another user than Veza's.
        if (settings.Bucket is null && !Directory.Exists(settings.MediaRoot))
            yield break;
        MediaStore media = settings.Bucket is { } bucket
            ? new BucketStore(bucket, settings.MediaRoot, settings.UploadBytesMax, TimeProvider.System)
            : new FolderStore(settings.MediaRoot, settings.UploadBytesMax, TimeProvider.System);
        using (media as IDisposable)
            await foreach (var account in media.ErasuresAsync(ct))
                yield return account;
    }

    /// <param name="progress">Called after each account, from any thread.</param>
    /// <exception cref="CommandRefusedException">The log did not take an erasure.</exception>
    public async Task<ErasureCounts> EraseAsync(
        IEnumerable<Guid> accounts,
        Action<ErasureCounts> progress,
        CancellationToken ct
    )
    {
        await Parallel.ForEachAsync(
            accounts,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnceMax, CancellationToken = ct },
            async (account, stop) =>
            {
                await EraseAsync(account, stop);
                progress(Counts);
            }
        );
        return Counts;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        await _log.DisposeAsync();
    }

    private ErasureCounts Counts =>
        new(Volatile.Read(ref _again), Volatile.Read(ref _already), Volatile.Read(ref _unknown));

    private async Task EraseAsync(Guid account, CancellationToken ct)
    {
        switch ((await _log.Aggregates.LoadAsync(typeof(Account), account, ct)).State)
        {
            case null:
                Interlocked.Increment(ref _unknown);
                break;
            case Account { Erased: true }:
                Interlocked.Increment(ref _already);
                break;
            default:
                await _commands.FollowUpAsync(
                    Guid.CreateVersion7(),
                    new EraseAccountAgain(account, await NamesAsync(account, ct))
                );
                Interlocked.Increment(ref _again);
                break;
        }
    }

    private async Task<IReadOnlyList<HeldName>> NamesAsync(Guid account, CancellationToken ct)
    {
        await using var command = _log.Database.CreateCommand("select scope, name from log.names where owner = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = account });
        await using var rows = await command.ExecuteReaderAsync(ct);
        List<HeldName> names = [];
        while (await rows.ReadAsync(ct))
            names.Add(new(rows.GetString(0), rows.GetString(1)));
        return names;
    }
}
