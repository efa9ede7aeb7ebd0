using System.Runtime.CompilerServices;
using Npgsql;
using Veza.Api.Configuration;
using Veza.Commands.Accounts;
using Veza.Domain.Accounts;
using Veza.Media;

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
public sealed class RepeatedErasures(LogCommands commands)
{
    /// <summary>Enough to fill the log's batches; a restored service has other work too.</summary>
    public const int AtOnceMax = 16;

    private int _again;
    private int _already;
    private int _unknown;

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

    private ErasureCounts Counts =>
        new(Volatile.Read(ref _again), Volatile.Read(ref _already), Volatile.Read(ref _unknown));

    private async Task EraseAsync(Guid account, CancellationToken ct)
    {
        switch (await commands.Log.Aggregates.FindAsync<Account>(account, ct))
        {
            case null:
                Interlocked.Increment(ref _unknown);
                break;
            case Account { Erased: true }:
                Interlocked.Increment(ref _already);
                break;
            default:
                await commands.SendAsync(new EraseAccountAgain(account, await NamesAsync(account, ct)));
                Interlocked.Increment(ref _again);
                break;
        }
    }

    private async Task<IReadOnlyList<HeldName>> NamesAsync(Guid account, CancellationToken ct)
    {
        await using var command = commands.Log.Database.CreateCommand(
            "select scope, name from log.names where owner = $1"
        );
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = account });
        await using var rows = await command.ExecuteReaderAsync(ct);
        List<HeldName> names = [];
        while (await rows.ReadAsync(ct))
            names.Add(new(rows.GetString(0), rows.GetString(1)));
        return names;
    }
}
