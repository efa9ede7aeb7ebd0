using System.Text.Json.Serialization;

namespace Veza.Realtime.Presence;

/// <summary>
/// An account's presence. Of several devices the greatest value counts, so that one invisible device hides the account
/// on all of them.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<PresenceStatus>))]
public enum PresenceStatus
{
    [JsonStringEnumMemberName("offline")]
    Offline,

    [JsonStringEnumMemberName("idle")]
    Idle,

    [JsonStringEnumMemberName("online")]
    Online,

    [JsonStringEnumMemberName("dnd")]
    DoNotDisturb,

    [JsonStringEnumMemberName("invisible")]
    Invisible,
}

public static class PresenceStatuses
{
    /// <summary>The status as other accounts see it.</summary>
    public static PresenceStatus Shown(this PresenceStatus status) =>
        status == PresenceStatus.Invisible ? PresenceStatus.Offline : status;

    /// <returns>Null for a text that is no status a device may set.</returns>
    public static PresenceStatus? Parse(string? text) =>
        text switch
        {
            "idle" => PresenceStatus.Idle,
            "online" => PresenceStatus.Online,
            "dnd" => PresenceStatus.DoNotDisturb,
            "invisible" => PresenceStatus.Invisible,
            _ => null,
        };
}
