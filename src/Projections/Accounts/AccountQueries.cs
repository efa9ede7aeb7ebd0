using Veza.Domain.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Topics;

namespace Veza.Projections.Accounts;

/// <summary>An account as every user sees it.</summary>
public sealed record AccountView(
    Guid Id,
    string UserName,
    DateTimeOffset CreatedAt,
    int Followers,
    int Following,
    int Tracks
)
{
    /// <summary>Whether the reader follows it.</summary>
    public bool Followed { get; init; }
}

/// <summary>An account as its owner sees it.</summary>
/// <param name="Email">The proven address; without one, the address to be proven.</param>
/// <param name="EmailProven">
/// Whether <paramref name="Email"/> is proven. Only a proven address signs in and resets the password.
/// </param>
/// <param name="NewEmail">The address that replaces it once proven; null when there is none.</param>
public sealed record OwnAccountView(
    Guid Id,
    string UserName,
    string Email,
    bool EmailProven,
    string? NewEmail,
    IReadOnlyList<string> Roles,
    DateTimeOffset CreatedAt,
    int Followers,
    int Following,
    int Tracks
);

/// <summary>Reads accounts, now or as of a position.</summary>
public sealed class AccountQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        ProfilesProjection.ProjectionName,
        AccountRolesProjection.ProjectionName,
        AccountCountsProjection.ProjectionName,
        AccountEmailsProjection.ProjectionName,
    ];

    public async Task<AccountView?> FindAsync(Guid id, CancellationToken ct) =>
        await RowAsync(id, ct) is { } a ? new(a.Id, a.UserName, a.CreatedAt, a.Followers, a.Following, a.Tracks) : null;

    public async Task<OwnAccountView?> FindOwnAsync(Guid id, CancellationToken ct)
    {
        if (await RowAsync(id, ct) is not { } a)
            return null;
        var granted = await views.ListAsync<string>(
            $"select role from {views.Table<AccountRolesProjection>()} where account_id = @id order by role",
            new { id },
            ct
        );
        var emails = await views.FindAsync<AccountEmailRow>(
            $"select account_id, email, new_email from {views.Table<AccountEmailsProjection>()} where account_id = @id",
            new { id },
            ct
        ) ?? new(id, "", "");
        var proven = emails.Email.Length > 0;
        var replacing = proven && emails.NewEmail.Length > 0 ? emails.NewEmail : null;
        return new(
            a.Id,
            a.UserName,
            proven ? emails.Email : emails.NewEmail,
            proven,
            replacing,
            [PlatformRole.User, .. granted],
            a.CreatedAt,
            a.Followers,
            a.Following,
            a.Tracks
        );
    }

    private async Task<Row?> RowAsync(Guid id, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
        {
            past.ReadImmutable(Folds.Of<ProfilesProjection>());
            // The topics hold the account's follows, followers and uploads. The counts of the other accounts are
            // incomplete, and the query does not read them.
            await past.FoldAsync(
                past.TopicsAsync([Topic.Access(id), Topic.Followers(id), Topic.Activity(id)], ct),
                past.Table(Folds.Of<AccountCountsProjection>())
            );
        }
        return await views.FindAsync<Row>(
            $"""
            select p.account_id as id, p.user_name, p.created_at, coalesce(c.followers, 0) as followers,
                   coalesce(c.following, 0) as following, coalesce(c.tracks, 0) as tracks
            from {views.Table<ProfilesProjection>()} p
            left join {views.Table<AccountCountsProjection>()} c on c.account_id = p.account_id
            where p.account_id = @id
            """,
            new { id },
            ct
        );
    }

    private sealed record Row(
        Guid Id,
        string UserName,
        DateTimeOffset CreatedAt,
        int Followers,
        int Following,
        int Tracks
    );
}
