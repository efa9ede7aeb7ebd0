using JasperFx.Events;
using Marten;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Marten;
using Veza.Faults.Tests.Load;
using ExistingStreamIdCollisionException = Marten.Exceptions.ExistingStreamIdCollisionException;

namespace Veza.Faults.Tests.Nodes;

/// <summary>
/// Appends to the log as another program does: a Marten session for each command, with only the store's options from
/// us.
/// </summary>
internal sealed class SessionStore(string connectionString) : IAsyncDisposable
{
    private readonly DocumentStore _store = DocumentStore.For(options =>
    {
        options.Connection(connectionString);
        options.DatabaseSchemaName = "documents";
        options.OpenVezaLog(MixedLoad.Types);
    });

    /// <param name="request">A command without names and repeats, which sessions do not support.</param>
    public async Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        await using var session = _store.LightweightSession();
        session.CausationId = request.CommandId.ToString("N");
        var streams = request
            .Changes.Select(change =>
                change.ExpectedVersion == 0
                    ? session.Events.StartStream<LoadStream>(change.StreamId, change.Events)
                    : session.Events.Append(
                        change.StreamId,
                        change.ExpectedVersion + change.Events.Count,
                        change.Events
                    )
            )
            .ToList();
        try
        {
            await session.SaveChangesAsync();
            return new AppendOutcome.Accepted(streams[0].Events[^1].Version, streams[^1].Events[^1].Sequence, default);
        }
        catch (Exception fault)
            when (fault is EventStreamUnexpectedMaxEventIdException or ExistingStreamIdCollisionException)
        {
            return await ConflictAsync(request)
                ?? throw new PostgresException(
                    "the version was another one, and is the expected one by now",
                    "ERROR",
                    "ERROR",
                    "MT003"
                );
        }
        // An error of the database: nothing was appended.
        catch (Exception fault) when (fault.InnerException is PostgresException refused)
        {
            throw refused;
        }
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private async Task<AppendOutcome?> ConflictAsync(AppendRequest request)
    {
        await using var session = _store.QuerySession();
        foreach (var change in request.Changes)
        {
            var version = (await session.Events.FetchStreamStateAsync(change.StreamId))?.Version ?? 0;
            if (version != change.ExpectedVersion)
                return new AppendOutcome.VersionConflict(change.StreamId, version);
        }
        return null;
    }
}
