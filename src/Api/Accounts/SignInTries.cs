using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Accounts;

/// <summary>Slows down whoever guesses passwords: by the name they try, on all nodes, and by the network they come from, on this one.</summary>
/// <remarks>See docs/decisions/0025-waits-that-lock-nobody-out.md.</remarks>
public sealed class SignInTries(EventLog log, Dispatcher dispatcher, SignIns signIns, SigningKeys keys, TimeProvider clock)
{
    /// <summary>Failures of one network before it waits: a school or a mobile carrier has many people behind one address.</summary>
    public const int NetworkFreeTries = 100;

    public static readonly TimeSpan NetworkWaitMin = TimeSpan.FromSeconds(1);

    /// <summary>Its neighbours wait with a guesser, so this stays short.</summary>
    public static readonly TimeSpan NetworkWaitMax = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan NetworkForgottenAfter = TimeSpan.FromHours(1);

    /// <summary>Networks remembered, at about 100 bytes each, in two halves of which the older is dropped when the newer is full.</summary>
    public const int NetworksMax = 131_072;

    private static readonly HashSet<string> Failures =
        [AccountRefusals.SignInFailed.Code, AccountRefusals.PasswordWrong.Code, AccountRefusals.TwoFactorFailed.Code, AccountRefusals.CodeWrong.Code];

    private readonly byte[] _names = keys.Derive("veza sign-in name");
    private ConcurrentDictionary<Guid, Tries> _newer = new(), _older = new();

    /// <summary>The guard of a name: that of its account, whichever of its names is tried, or of the name itself when nobody has it.</summary>
    /// <returns>Null for what can be nobody's name: everybody who sends none would wait for the others.</returns>
    private Guid? GuardOf(Account? account, string? name) => account is not null ? StreamIds.Of("sign_in_guard", account.Id, Guid.Empty)
        : name is { Length: > 0 and <= Account.EmailMax } ? new Guid(HMACSHA256.HashData(_names, Encoding.UTF8.GetBytes(name.ToLowerInvariant())).AsSpan(0, 16))
        : null;

    /// <summary>Lets somebody show that they are who they say, unless too many tries have failed; remembers when this one fails too.</summary>
    /// <param name="account">Null when nobody has the name.</param>
    /// <param name="name">What was tried; only looked at when nobody has it.</param>
    public async Task<CommandResult> TryAsync(HttpContext http, Account? account, string? name, Func<Task<CommandResult>> attempt, CancellationToken ct)
    {
        var (guard, address) = (GuardOf(account, name), http.Connection.RemoteIpAddress);
        if (await WaitAsync(account, guard, address, ct) is { } wait) return new CommandResult.Refused(wait);
        var result = await attempt();
        if (result is CommandResult.Refused { Refusal: var refusal } && Failures.Contains(refusal.Code)) await FailedAsync(account, guard, address);
        return result;
    }

    /// <returns>That a try must wait; null when it may go on.</returns>
    private async ValueTask<Refusal?> WaitAsync(Account? account, Guid? guard, IPAddress? address, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (Find(Networks.Of(address)) is { } network && network.NextTryAt > now) return AccountRefusals.SignInWait(network.NextTryAt - now);
        if (guard is not { } named) return null;
        var tried = (SignInGuard?)(await log.Models.LoadAsync(typeof(SignInGuard), named, ct)).State;
        // From where its owner has signed in before, nobody elsewhere can make an account wait.
        if (account is not null && account.KnownNetworks.Contains(signIns.NetworkHash(address))) return null;
        return tried is not null && tried.NextTryAt > now ? AccountRefusals.SignInWait(tried.NextTryAt - now) : null;
    }

    private async Task FailedAsync(Account? account, Guid? guard, IPAddress? address)
    {
        var network = Networks.Of(address);
        var failures = Find(network) is { } before && before.NextTryAt + NetworkForgottenAfter > clock.GetUtcNow() ? before.Failures + 1 : 1;
        if (_newer.Count >= NetworksMax / 2) (_older, _newer) = (_newer, new());
        _newer[network] = new(failures, clock.GetUtcNow() + NetworkWait(failures));
        // Also for a name that nobody has, and waited for: an answer takes as long for one as for the other.
        if (guard is { } named) await dispatcher.SendAsync(new RecordFailedSignIn(named, account?.Id), new CommandContext(Guid.CreateVersion7(), AccountId: null), answer: null, CancellationToken.None);
    }

    internal static TimeSpan NetworkWait(int failures)
    {
        if (failures < NetworkFreeTries) return TimeSpan.Zero;
        var wait = NetworkWaitMin * Math.Pow(2, Math.Min(failures - NetworkFreeTries, 20));
        return wait < NetworkWaitMax ? wait : NetworkWaitMax;
    }

    private Tries? Find(Guid network) => _newer.TryGetValue(network, out var tries) || _older.TryGetValue(network, out tries) ? tries : null;

    private sealed record Tries(int Failures, DateTimeOffset NextTryAt);
}
