using Veza.Domain.Chat.Roles;
using Veza.Domain.Music.Tracks;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

public enum LiveRefusalKind
{
    Invalid,
    NotAllowed,
    Unknown,
    TooMany,
    Unavailable,
}

/// <summary>Why a subscription is refused.</summary>
/// <param name="Code">Stable, because clients branch on it.</param>
/// <param name="Detail">Names the field, the value and the limit.</param>
public sealed record LiveRefusal(string Code, LiveRefusalKind Kind, string Detail)
{
    public static LiveRefusal TopicsMissing =>
        new("topics_missing", LiveRefusalKind.Invalid, "topics is empty; name at least one");

    public static LiveRefusal TooManyTopics(int count, int max) =>
        new(
            "too_many_topics",
            LiveRefusalKind.Invalid,
            $"topics has {count} entries; {max} are allowed in a subscription"
        );

    public static LiveRefusal TopicInvalid(string? topic) =>
        new(
            "topic_invalid",
            LiveRefusalKind.Invalid,
            $"topics has \"{Shortened(topic)}\"; channel:{{id}}, account:{{id}}, track:{{id}}, broadcast:{{id}}, "
                + "chart:top, chart:trending and log are topics"
        );

    private static string? Shortened(string? topic) =>
        topic is { Length: > Topic.LengthMax } ? topic[..Topic.LengthMax] + "…" : topic;

    public static LiveRefusal PositionInvalid(string? after) =>
        new("position_invalid", LiveRefusalKind.Invalid, $"after is \"{after}\"; it must be a position, 0 or more");

    public static LiveRefusal PositionAhead(long after, long head) =>
        new("position_ahead", LiveRefusalKind.Invalid, $"after is {after}; the log's head is {head}");

    public static LiveRefusal KeepAliveInvalid(string? value, TimeSpan min, TimeSpan max) =>
        new(
            "keep_alive_invalid",
            LiveRefusalKind.Invalid,
            $"keepAlive is \"{value}\"; it must be a whole number of seconds, {min.TotalSeconds} to {max.TotalSeconds}"
        );

    public static LiveRefusal ChannelUnknown(Guid id) =>
        new("channel_unknown", LiveRefusalKind.Unknown, $"there is no channel {id}");

    public static LiveRefusal MissingIn(Guid channel, Permission missing) =>
        new("permission_missing", LiveRefusalKind.NotAllowed, $"channel {channel} needs the permission {missing}");

    public static LiveRefusal CommunityUnknown(Guid id) =>
        new("community_unknown", LiveRefusalKind.Unknown, $"there is no community {id}");

    public static LiveRefusal NotMemberOf(Guid community) =>
        new("permission_missing", LiveRefusalKind.NotAllowed, $"community {community} is followed by its members");

    public static LiveRefusal TooManyChannels(int max) =>
        new(
            "too_many_topics",
            LiveRefusalKind.Invalid,
            $"your communities have more than {max} channels; communities:mine follows no more: name them"
        );

    public static LiveRefusal NotOwnAccount(Guid account) =>
        new(
            "not_own_account",
            LiveRefusalKind.NotAllowed,
            $"account {account} is not yours; only your own account is a topic"
        );

    public static LiveRefusal ChartInvalid(string? chart, string? span, string? genre) =>
        new(
            "chart_invalid",
            LiveRefusalKind.Invalid,
            $"chart is \"{chart}\", span \"{span}\", and genre has {genre?.Length ?? 0} characters; "
                + "charts are top and trending, spans hour, day, week and all, "
                + $"and {Track.GenreMax} characters are allowed"
        );

    public static LiveRefusal TooManyWaiting(int max) =>
        new(
            "too_fast",
            LiveRefusalKind.TooMany,
            $"{max} subscriptions wait to be authorised on this server; try again shortly"
        );

    public static LiveRefusal TooManyChartsOfOne(int max) =>
        new(
            "too_many_charts",
            LiveRefusalKind.Unavailable,
            $"this account began to follow {max} different charts; that is the limit"
        );

    public static LiveRefusal TooManyCharts(int max) =>
        new(
            "too_many_charts",
            LiveRefusalKind.Unavailable,
            $"{max} charts are followed on this server; that is the limit for different ones"
        );

    public static LiveRefusal StatusInvalid(string? status) =>
        new(
            "status_invalid",
            LiveRefusalKind.Invalid,
            $"status is \"{status}\"; online, idle, dnd and invisible are allowed"
        );

    public static LiveRefusal StatusTooFast(TimeSpan every) =>
        new("too_fast", LiveRefusalKind.TooMany, $"a device's status changes at most every {every.TotalSeconds} s");

    public static LiveRefusal TooManyDevices(int max) =>
        new(
            "too_many_devices",
            LiveRefusalKind.TooMany,
            $"this account is there with {max} devices; that is the limit"
        );

    public static LiveRefusal ScopeMissing(string what, string scope) =>
        new("scope_missing", LiveRefusalKind.NotAllowed, $"{what} needs the scope {scope}");

    public static LiveRefusal NotSignedIn =>
        new("not_signed_in", LiveRefusalKind.NotAllowed, "subscribing needs an account");
    public static LiveRefusal SessionEnded =>
        new("session_ended", LiveRefusalKind.NotAllowed, "the session of this connection was ended; sign in again");

    public static LiveRefusal TooManySubscriptions(int max) =>
        new(
            "too_many_subscriptions",
            LiveRefusalKind.TooMany,
            $"this connection has {max} subscriptions; that is the limit"
        );

    public static LiveRefusal TooManyConnections(int max) =>
        new(
            "too_many_connections",
            LiveRefusalKind.Unavailable,
            $"{max} live connections are open; MAX_CONNECTIONS allows no more"
        );

    public static LiveRefusal NotThereYet(TimeSpan waited) =>
        new(
            "not_there_yet",
            LiveRefusalKind.Unavailable,
            $"the read models that authorise this are behind the log by more than {waited.TotalSeconds} s"
        );

    public static LiveRefusal DatabaseUnavailable =>
        new("database_unavailable", LiveRefusalKind.Unavailable, "the database does not answer; try again shortly");
    public static LiveRefusal LogBusy =>
        new("log_busy", LiveRefusalKind.Unavailable, "that the log is read cannot be recorded now; try again shortly");
    public static LiveRefusal Stopping =>
        new("server_stopping", LiveRefusalKind.Unavailable, "this server is stopping; connect again to reach another");
}
