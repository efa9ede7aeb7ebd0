namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>Each alert, with the cause that makes it fire here, or why promtool alone shows it.</summary>
internal static class Causes
{
    public static readonly IReadOnlyList<Cause> All =
    [
        new("nothing is wrong", ["Watchdog"], Nothing) { IsLasting = true },
        new("the certificate lasts one day", ["CertificateExpires"], Nothing) { IsLasting = true },
        .. HostCauses.All,
        .. DatabaseCauses.All,
        .. VezaCauses.All,
        .. MediaCauses.All,
        .. MonitoringCauses.All,
    ];

    public static readonly IReadOnlyDictionary<string, string> ShownByPromtoolAlone = new Dictionary<string, string>
    {
        ["ClockSkewed"] = "the clock is the machine's, which other programs use",
        ["MemoryShort"] = "nine tenths of the machine's memory would be taken from other programs",
        ["MemoryHigh"] = "a node would have to take four fifths of the machine's memory",
        ["TransactionTooLong"] = "a transaction would have to last 15 minutes",
        ["LiveDeliveryBudgetBurnsFast"] = "a subscription falls behind after 1,000,000 events",
        ["LiveDeliveryBudgetBurnsSlowly"] = "a subscription falls behind after 1,000,000 events",
        ["GarbageCollectionPauses"] = "a tenth of the time in pauses needs a heap of many gigabytes",
    };

    internal static Task<IAsyncDisposable> Nothing(WatchedHosts hosts) =>
        Task.FromResult<IAsyncDisposable>(new Healing(() => Task.CompletedTask));

    /// <summary>A cause that begins and ends with an action.</summary>
    internal static Func<WatchedHosts, Task<IAsyncDisposable>> Between(
        Func<WatchedHosts, Task> begin,
        Func<WatchedHosts, Task> end
    ) =>
        async hosts =>
        {
            await begin(hosts);
            return new Healing(() => end(hosts));
        };
}
