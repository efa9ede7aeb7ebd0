using Npgsql;
using Veza.EventStore.Appending;

namespace Veza.Faults.Tests.Controls;

/// <summary>
/// Takes positions from a sequence, as plain Marten does. A later failure leaves a gap, and a slow commit appears below
/// the head.
/// </summary>
/// <param name="beforeCommit">Runs between a command's writing and its commit.</param>
internal sealed class NumbersByBareSequence(string connectionString, Func<AppendRequest, Task> beforeCommit)
{
    public async Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await BareTables.RunAsync(connection, "create sequence if not exists log.bare_numbers");
        await using var transaction = await connection.BeginTransactionAsync();
        var positions = new List<long>();
        foreach (var _ in request.Changes)
            positions.Add(await BareTables.NumberAsync(connection, "select nextval('log.bare_numbers')"));
        if (await BareTables.ConflictAsync(connection, request) is { } conflict)
            return conflict;
        var accepted = await BareTables.WriteAsync(connection, request, positions);
        await beforeCommit(request);
        await transaction.CommitAsync();
        return accepted;
    }
}
