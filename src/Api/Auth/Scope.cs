using System.Collections.Frozen;
using Veza.Domain.Accounts;

namespace Veza.Api.Auth;

/// <summary>
/// The scopes: what a token allows beyond the rights of every account. Each has a policy of the same name.
/// </summary>
public static class Scope
{
    /// <summary>Read the whole log, replay it and export it.</summary>
    public const string LogRead = "log:read";

    public static readonly FrozenSet<string> All = [LogRead];

    /// <summary>
    /// The scopes that an API key can have. Accounts, sessions and the operation of the platform are reserved for
    /// people.
    /// </summary>
    public static readonly FrozenSet<string> Grantable =
    [
        LogRead,
        "live:read",
        "accounts:read",
        "charts:read",
        "feed:read",
        .. (
            (string[])
                [
                    "broadcasts",
                    "comments",
                    "communities",
                    "follows",
                    "likes",
                    "listening",
                    "messages",
                    "presence",
                    "tracks",
                ]
        ).SelectMany(r => (string[])[$"{r}:read", $"{r}:write"]),
    ];

    /// <summary>
    /// The scope that an API key needs for a request: the first word of the endpoint's tag, with read or write. An
    /// endpoint without a tag is closed to all keys.
    /// </summary>
    public static string Of(HttpContext http)
    {
        var endpoint = http.GetEndpoint()?.Metadata;
        if (endpoint?.GetMetadata<NeedsScope>() is { } said)
            return said.Scope;
        var tag = endpoint
            ?.GetMetadata<Microsoft.AspNetCore.Http.Metadata.ITagsMetadata>()
            ?.Tags.FirstOrDefault()
            ?.Split(' ')[0]
            .ToLowerInvariant()
            ?? "none";
        var resource = tag == "replay" ? "log" : tag;
        return $"{resource}:{(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? "read" : "write")}";
    }

    /// <summary>The scopes that a sign-in of an account with these roles has.</summary>
    public static IEnumerable<string> Of(IEnumerable<string> roles) =>
        roles.Any(r => r is PlatformRole.Analyst or PlatformRole.Operator) ? [LogRead] : [];
}
