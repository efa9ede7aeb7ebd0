using System.Data.Common;
using System.Runtime.ExceptionServices;
using Marten;
using Marten.Services;
using Npgsql;
using Weasel.Core.Migrations;

namespace Veza.EventStore.Marten;

/// <summary>
/// Logs nothing. Marten's default logger writes the parameters of failed commands and all SQL, and both can hold
/// personal texts.
/// </summary>
internal sealed class NothingLogged : IMartenLogger, IMartenSessionLogger, IMigrationLogger
{
    public IMartenSessionLogger StartSession(IQuerySession session) => this;

    public void SchemaChange(string sql) { }

    public void LogSuccess(NpgsqlCommand command) { }

    public void LogFailure(NpgsqlCommand command, Exception ex) { }

    public void LogSuccess(NpgsqlBatch batch) { }

    public void LogFailure(NpgsqlBatch batch, Exception ex) { }

    public void LogFailure(Exception ex, string message) { }

    public void RecordSavedChanges(IDocumentSession session, IChangeSet commit) { }

    public void OnBeforeExecute(NpgsqlCommand command) { }

    public void OnBeforeExecute(NpgsqlBatch batch) { }

    public void OnFailure(DbCommand command, Exception ex) => ExceptionDispatchInfo.Throw(ex);
}
