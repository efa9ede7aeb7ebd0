namespace Veza.Domain.Live.Broadcasts;

/// <summary>Why a broadcast ended.</summary>
public static class BroadcastEnd
{
    public const string Stopped = "stopped";
    public const string Abandoned = "abandoned";
    public const string TakenDown = "taken_down";
    public const string AccountErased = "account_erased";
    public const string AccountSuspended = "account_suspended";
}
