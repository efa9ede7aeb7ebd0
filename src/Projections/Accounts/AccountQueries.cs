using Veza.Domain.Accounts;
using Veza.Projections.AsOf;

namespace Veza.Projections.Accounts;

/// <summary>An account as everybody sees it.</summary>
public sealed record AccountView(
    Guid Id,
    string UserName,
    DateTimeOffset CreatedAt,
    int Followers,
    int Following,
    int Tracks
);

/// <summary>An account as its owner sees it.</summary>
/// <param name="Email">The one that is proven; while there is none, the one to be proven.</param>
/// <param name="EmailProven">Whether <paramref name="Email"/> is: only then does it sign in, and reset the
/// password.</param>
/// <param name="NewEmail">One that takes its place once it is proven; null when there is none.</param>
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

public sealed class AccountQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        "accounts.profiles.v1",
        "accounts.roles.v1",
        "accounts.counts.v1",
        "accounts.emails.v1",
    ];

    public async Task<AccountView?> FindAsync(Guid id, CancellationToken ct) =>
        await RowAsync(id, ct) is { } a ? new(a.Id, a.UserName, a.CreatedAt, a.Followers, a.Following, a.Tracks) : null;

    public async Task<OwnAccountView?> FindOwnAsync(Guid id, CancellationToken ct)
    {
        if (await RowAsync(id, ct) is not { } a)
            return null;
        var granted = await views.ListAsync<string>(
            "select role from views.accounts_roles where account_id = @id order by role",
            new { id },
            ct
        );
        var emails = await views.FindAsync<AccountEmailRow>(
            "select account_id, email, new_email from views.accounts_emails where account_id = @id",
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
        if (views.PointInTime is { } past)
        {
            past.ReadImmutable(Folds.Of<ProfilesProjection>());
            // Those it follows, its followers, and what it uploaded; of the accounts at the other ends this is not all,
            // and they are not asked for.
            await past.FoldAsync(
                past.TopicsAsync([$"access:{id}", $"followers:{id}", $"activity:{id}"], ct),
                past.Table(Folds.Of<AccountCountsProjection>())
            );
        }
        return await views.FindAsync<Row>(
            """
            select p.account_id as id, p.user_name, p.created_at, coalesce(c.followers, 0) as followers, coalesce(c.following, 0) as following, coalesce(c.tracks, 0) as tracks
            from views.accounts_profiles p left join views.accounts_counts c on c.account_id = p.account_id where p.account_id = @id
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
