using System.Security.Cryptography;
using System.Text;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Accounts;

namespace Veza.Api.Accounts;

/// <summary>
/// Slows down password guessing: by the name that is tried, on all nodes, and by the caller's network, on this node.
/// </summary>
/// <remarks>See docs/decisions/0025-failed-sign-ins-wait.md.</remarks>
public sealed class SignInThrottle(CommandBus bus, AccountAuthenticator signIns, SigningKeys keys, TimeProvider clock)
{
    /// <summary>
    /// Failures of one network before it waits: a school or a mobile carrier has many people behind one address.
    /// </summary>
    public const int NetworkFreeTries = 100;

    public static readonly TimeSpan NetworkWaitMin = TimeSpan.FromSeconds(1);

    /// <summary>Short, because other people in the network wait with a guesser.</summary>
    public static readonly TimeSpan NetworkWaitMax = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan NetworkForgottenAfter = TimeSpan.FromHours(1);

    /// <summary>
    /// Networks remembered, at about 100 bytes each, in two halves. The older half is dropped when the newer is full.
    /// </summary>
    public const int NetworksMax = 131_072;

    private static readonly HashSet<string> Failures =
    [
        AccountRefusals.SignInFailed.Code,
        AccountRefusals.PasswordWrong.Code,
        AccountRefusals.TwoFactorFailed.Code,
        AccountRefusals.CodeWrong.Code,
    ];

    private readonly byte[] _names = keys.Derive("veza sign-in name");
    private readonly Lock _gate = new();
    private Dictionary<Guid, Tries> _newer = [],
        _older = [];

    /// <summary>
    /// The guard that counts failures of a name. All names of an account share one guard; a name without an account has
    /// a guard derived from the name.
    /// </summary>
    /// <returns>Null for a text that cannot be a name: all callers who send none would wait for each other.</returns>
    private Guid? GuardOf(Account? account, string? name) =>
        account is not null ? StreamIds.Of("sign_in_guard", account.Id, Guid.Empty)
        : AccountAuthenticator.CanBeName(name)
            ? new Guid(HMACSHA256.HashData(_names, Encoding.UTF8.GetBytes(name.ToLowerInvariant())).AsSpan(0, 16))
        : null;

    /// <summary>
    /// Runs an attempt to authenticate, unless too many have failed. The try is counted first and taken back when it
    /// does not fail, so that concurrent tries count like successive ones.
    /// </summary>
    /// <param name="account">Null when no account has the name.</param>
    /// <param name="name">The name that was tried; used only when no account has it.</param>
    /// <param name="attempt">If it throws, the try stays counted.</param>
    public async Task<CommandResult> TryAsync(
        HttpContext http,
        Account? account,
        string? name,
        Func<Task<CommandResult>> attempt
    )
    {
        var address = http.Connection.RemoteIpAddress;
        var network = Networks.Of(address);
        if (CountOf(network) is { } wait)
            return new CommandResult.Refused(wait);
        var (guard, tryId) = (GuardOf(account, name), Guid.CreateVersion7());
        if (guard is { } counting)
        {
            // Guessers elsewhere cannot make an account wait in a network where its owner has signed in before.
            var waits = account is null || !account.KnownNetworks.Contains(signIns.NetworkHash(address));
            if (await SendAsync(new CountSignInTry(counting, tryId, waits)) is CommandResult.Refused refused)
            {
                TakeBackOf(network);
                return refused;
            }
        }
        var result = await attempt();
        var failed = result is CommandResult.Refused { Refusal.Code: var code } && Failures.Contains(code);
        if (!failed)
            TakeBackOf(network);
        // Also awaited for a name without an account, so that both answers take the same time.
        if (guard is { } named)
            _ = failed
                ? await SendAsync(new RecordFailedSignIn(named, account?.Id))
                : await SendAsync(new PassSignInTry(named, tryId));
        return result;
    }

    private Task<CommandResult> SendAsync<TCommand>(TCommand command)
        where TCommand : notnull =>
        bus.SendAsync(command, new(Guid.CreateVersion7(), AccountId: null), answer: null, CancellationToken.None);

    /// <summary>Counts a try of a network as a failure.</summary>
    /// <returns>
    /// The refusal when the network must wait, in which case the try is not counted; null when it may go on.
    /// </returns>
    private Refusal? CountOf(Guid network)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            var before = Find(network);
            if (before is not null && before.NextTryAt > now)
                return AccountRefusals.SignInWait(before.NextTryAt - now);
            var lately = before is not null && before.NextTryAt + NetworkForgottenAfter > now;
            var failures = lately ? before!.Failures + 1 : 1;
            if (_newer.Count >= NetworksMax / 2)
                (_older, _newer) = (_newer, []);
            _newer[network] = new(failures, now + NetworkWait(failures));
            return null;
        }
    }

    private void TakeBackOf(Guid network)
    {
        lock (_gate)
        {
            if (Find(network) is not { Failures: > 0 } counted)
                return;
            var (failures, until) = (counted.Failures - 1, clock.GetUtcNow() + NetworkWait(counted.Failures - 1));
            _newer[network] = new(failures, until < counted.NextTryAt ? until : counted.NextTryAt);
        }
    }

    internal static TimeSpan NetworkWait(int failures)
    {
        if (failures < NetworkFreeTries)
            return TimeSpan.Zero;
        var wait = NetworkWaitMin * Math.Pow(2, Math.Min(failures - NetworkFreeTries, 20));
        return wait < NetworkWaitMax ? wait : NetworkWaitMax;
    }

    private Tries? Find(Guid network) =>
        _newer.TryGetValue(network, out var tries) || _older.TryGetValue(network, out tries) ? tries : null;

    /// <param name="Failures">Includes tries whose outcome is still open.</param>
    private sealed record Tries(int Failures, DateTimeOffset NextTryAt);
}
