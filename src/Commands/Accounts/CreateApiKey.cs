using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Creates a key with which a program acts for an account, within scopes and until it expires.</summary>
/// <param name="Scopes">At least one. The API checks their names.</param>
/// <param name="Days">1 to <see cref="CreateApiKeyHandler.DaysMax"/>.</param>
public sealed record CreateApiKey(
    Guid KeyId,
    Guid AccountId,
    string Name,
    IReadOnlyList<string> Scopes,
    string KeyHash,
    int Days
);

public sealed class CreateApiKeyValidator : AbstractValidator<CreateApiKey>
{
    /// <summary>Characters.</summary>
    public const int NameMax = 100;

    public CreateApiKeyValidator()
    {
        RuleFor(c => c.Name).MustBeLine(NameMax);
        RuleFor(c => c.Scopes)
            .Must(scopes => scopes is { Count: > 0 })
            .WithMessage("{PropertyName} is empty; a key needs at least one");
        RuleFor(c => c.Days)
            .InclusiveBetween(1, CreateApiKeyHandler.DaysMax)
            .WithMessage($"{{PropertyName}} is {{PropertyValue}}; 1 to {CreateApiKeyHandler.DaysMax} are allowed");
    }
}

public static class CreateApiKeyHandler
{
    /// <summary>A key that its owner does not remember expires after a year at the latest.</summary>
    public const int DaysMax = 365;

    public static Refusal? Validate(
        CreateApiKey command,
        Account account,
        IReadOnlyList<Session> apiKeys,
        DateTimeOffset now
    )
    {
        if (CallerRefusals.Of(account) is { } refusal)
            return refusal;
        return apiKeys.Count(k => IsInForce(k, now)) >= Account.ApiKeysMax ? AccountRefusals.TooManyApiKeys : null;
    }

    public static IEnumerable<Effect> Handle(
        CreateApiKey command,
        [WriteAggregate] Account account,
        IReadOnlyList<Session> apiKeys,
        DateTimeOffset now
    ) =>
        [
            Effect.Start<Session>(
                command.KeyId,
                new ApiKeyCreated(
                    command.KeyId,
                    account.Id,
                    command.Name,
                    [.. command.Scopes.Distinct().Order()],
                    command.KeyHash,
                    now + TimeSpan.FromDays(command.Days)
                )
            ),
            Effect.Append<Account>(
                account.Id,
                [.. Dropped(account, apiKeys, now), new ApiKeyIssued(account.Id, command.KeyId)]
            ),
        ];

    /// <summary>
    /// Makes room in a full list. The list must hold every key in force, since ending them all relies on it.
    /// </summary>
    private static IEnumerable<AccountEvent> Dropped(
        Account account,
        IReadOnlyList<Session> apiKeys,
        DateTimeOffset now
    )
    {
        if (account.ApiKeyIds is not { Count: >= Account.ApiKeysRemembered } listed)
            yield break;
        var inForce = apiKeys.Where(k => IsInForce(k, now)).Select(k => k.Id).ToHashSet();
        yield return new EndedApiKeysDropped(account.Id, [.. listed.Where(id => !inForce.Contains(id))]);
    }

    private static bool IsInForce(Session key, DateTimeOffset now) => !key.Ended && key.ExpiresAt > now;
}
