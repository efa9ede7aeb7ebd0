using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>
/// An account's role on the whole platform. A community decides by itself what its members may do.
/// </summary>
public static class PlatformRole
{
    /// <summary>Every account has it, without an event.</summary>
    public const string User = "user";
    public const string Moderator = "moderator";
    public const string Analyst = "analyst";
    public const string Operator = "operator";

    public static readonly ImmutableSortedSet<string> Granted = [Moderator, Analyst, Operator];
}
