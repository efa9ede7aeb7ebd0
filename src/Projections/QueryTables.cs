using Dapper;
using Veza.EventStore.Projections;

namespace Veza.Projections;

/// <summary>The tables that a query's SQL reads: those of the present, or rows as of a position.</summary>
internal interface IQueryTables
{
    /// <summary>The name by which SQL reads the projection's rows.</summary>
    /// <exception cref="InvalidOperationException">The rows are not available.</exception>
    string NameOf(IProjection projection);

    /// <summary>Completes a query whose tables are named by <see cref="NameOf"/>.</summary>
    /// <param name="with">The query's own common table expressions, without <c>with</c>; null for none.</param>
    CommandDefinition Command(string sql, string? with, object? parameters, CancellationToken ct);
}

/// <summary>
/// The rows of now, by views without a version: <c>chat.messages.v1</c> is read as <c>views.chat_messages</c>.
/// </summary>
internal sealed class PresentTables : IQueryTables
{
    private PresentTables() { }

    public static PresentTables Instance { get; } = new();

    public static string ViewOf(IProjection projection) => BaseOf(projection.Name).Replace('.', '_');

    /// <returns>The projection's name without its version.</returns>
    public static string BaseOf(string projection) =>
        projection[..projection.LastIndexOf(".v", StringComparison.Ordinal)];

    public string NameOf(IProjection projection) => "views." + ViewOf(projection);

    public CommandDefinition Command(string sql, string? with, object? parameters, CancellationToken ct) =>
        new(with is null ? sql : $"with {with}\n{sql}", parameters, cancellationToken: ct);
}
