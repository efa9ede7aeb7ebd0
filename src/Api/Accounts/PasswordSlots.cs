using Veza.Commands.Dispatching;
using Veza.EventStore.Concurrency;

namespace Veza.Api.Accounts;

/// <summary>Hashes passwords within bounds: on half of the cores, shared fairly between callers.</summary>
/// <remarks>
/// Sign-ins and registrations have separate queues, so that no registration delays a sign-in. Within a queue each
/// network waits for itself (<see cref="FairSlots"/>); a signed-in caller counts by account. One gate behind both
/// bounds their sum. All members are safe from any thread.
/// </remarks>
public sealed class PasswordSlots(Passwords passwords) : IAsyncDisposable
{
    /// <summary>
    /// Hashes at the same time, of sign-ins and registrations together. The other half of the cores is left to all
    /// other work.
    /// </summary>
    public static readonly int HashesMax = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>
    /// Registrations at the same time. Fewer than <see cref="HashesMax"/> when that is more than one, so that a sign-in
    /// finds a core.
    /// </summary>
    public static readonly int RegistrationsMax = Math.Max(1, HashesMax / 2);

    /// <summary>One network's share of the slots: half of them, so that another network finds one.</summary>
    private static readonly int SignInsPerCaller = Math.Max(1, HashesMax / 2);

    /// <inheritdoc cref="SignInsPerCaller"/>
    private static readonly int RegistrationsPerCaller = Math.Max(1, RegistrationsMax / 2);

    /// <summary>
    /// Passwords of one network that wait for its own slots: a school that signs in when the bell rings.
    /// </summary>
    public const int WaitingPerCaller = 100;

    /// <summary>Passwords of all networks that wait for a slot: about ten seconds' work for one core.</summary>
    public const int WaitingMax = 100;

    /// <summary>Too many passwords wait already, of this caller or in all.</summary>
    public static readonly Refusal Busy = new(
        "too_fast",
        RefusalKind.TooFast,
        $"{WaitingPerCaller} others from the same network, or {WaitingMax} in all, are waiting for a password to be checked"
    )
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private readonly FairSlots _signIns = new(
        new("sign_in_passwords", HashesMax, SignInsPerCaller, WaitingPerCaller, WaitingMax)
    );
    private readonly FairSlots _registrations = new(
        new("registration_passwords", RegistrationsMax, RegistrationsPerCaller, WaitingPerCaller, WaitingMax)
    );
    private readonly SemaphoreSlim _gate = new(HashesMax);

    /// <summary>Verifies a password of an existing account.</summary>
    /// <param name="caller">The account that asks, or the network when the caller is not signed in.</param>
    /// <returns>Null when too many wait: <see cref="Busy"/>.</returns>
    public Task<bool?> FitsAsync(Guid caller, string? hash, string? password, CancellationToken ct) =>
        RunAsync<bool?>(_signIns, caller, () => passwords.Fits(hash, password), ct);

    /// <inheritdoc cref="FitsAsync"/>
    public Task<string?> HashAsync(Guid caller, string password, CancellationToken ct) =>
        RunAsync(_signIns, caller, () => passwords.Hash(password), ct);

    /// <summary>Computes the hash of a new account's password.</summary>
    /// <param name="network">The network that the registration comes from.</param>
    /// <returns>Null when too many wait: <see cref="Busy"/>.</returns>
    public Task<string?> HashOfNewAccountAsync(Guid network, string password, CancellationToken ct) =>
        RunAsync(_registrations, network, () => passwords.Hash(password), ct);

    public async ValueTask DisposeAsync()
    {
        await _signIns.DisposeAsync();
        await _registrations.DisposeAsync();
        _gate.Dispose();
    }

    private async Task<T?> RunAsync<T>(FairSlots slots, Guid caller, Func<T> work, CancellationToken ct)
    {
        using var slot = await slots.TryEnterAsync(caller, ct);
        if (slot is null)
            return default;
        await _gate.WaitAsync(ct);
        try
        {
            return work();
        }
        finally
        {
            _gate.Release();
        }
    }
}
