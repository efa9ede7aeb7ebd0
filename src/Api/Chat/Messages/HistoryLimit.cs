namespace Veza.Api.Chat.Messages;

/// <summary>MESSAGE_HISTORY_LIMIT: the largest page of history.</summary>
public sealed record HistoryLimit(int Messages);
