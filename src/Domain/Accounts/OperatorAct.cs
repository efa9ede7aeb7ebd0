using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>The decisions of an operator about a read model or a reactor.</summary>
public static class OperatorAct
{
    public const string Rebuild = "rebuild";
    public const string CancelRebuild = "cancel_rebuild";
    public const string Retry = "retry";
    public const string Skip = "skip";

    public static readonly ImmutableSortedSet<string> All = [Rebuild, CancelRebuild, Retry, Skip];

    /// <summary>Characters of a subject: twice PostgreSQL's limit for a name, such as a read model's table.</summary>
    public const int SubjectMax = 126;
}
