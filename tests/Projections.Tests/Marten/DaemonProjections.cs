using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;
using Marten.Events.Projections;
using Marten.Events.Projections.Flattened;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Follows;
using Veza.Domain.Social.Likes;

namespace Veza.Projections.Tests.Marten;

// Three of each kind, each equal to one of the product's projections. Documents are replaced rather than changed, as
// Marten may keep them.

public sealed record MessageDocument(Guid Id, string Text, int Edits);

public sealed class MessageDocuments : SingleStreamProjection<MessageDocument, Guid>
{
    public override MessageDocument? Evolve(MessageDocument? snapshot, Guid id, IEvent e) =>
        e.Data switch
        {
            MessageSent sent => new(id, sent.Text, 0),
            MessageEdited edited => snapshot! with { Text = edited.Text, Edits = snapshot.Edits + 1 },
            MessageDeleted => null,
            _ => snapshot,
        };
}

public sealed record TrackDocument(Guid Id, string Title, string Status);

public sealed class TrackDocuments : SingleStreamProjection<TrackDocument, Guid>
{
    public override TrackDocument? Evolve(TrackDocument? snapshot, Guid id, IEvent e) =>
        e.Data switch
        {
            TrackUploaded uploaded => new(id, uploaded.Title, nameof(TrackStatus.Processing)),
            TrackProcessed => snapshot! with { Status = nameof(TrackStatus.Ready) },
            TrackProcessingFailed => snapshot! with { Status = nameof(TrackStatus.Failed) },
            _ => snapshot,
        };
}

public sealed record FollowDocument(Guid Id, Guid Follower, Guid Followee);

public sealed class FollowDocuments : SingleStreamProjection<FollowDocument, Guid>
{
    public override FollowDocument? Evolve(FollowDocument? snapshot, Guid id, IEvent e) =>
        e.Data switch
        {
            FollowStarted started => new(id, started.FollowerId, started.FolloweeId),
            FollowStopped => null,
            _ => snapshot,
        };
}

public sealed record TrackCountsDocument(Guid Id, long Plays, long Likes, long Reposts);

public sealed class TrackCountsDocuments : MultiStreamProjection<TrackCountsDocument, Guid>
{
    public TrackCountsDocuments()
    {
        Identity<TrackUploaded>(e => e.TrackId);
        Identity<PlayCounted>(e => e.TrackId);
        Identity<TrackLiked>(e => e.TrackId);
        Identity<TrackUnliked>(e => e.TrackId);
        Identity<TrackReposted>(e => e.TrackId);
        Identity<TrackRepostRemoved>(e => e.TrackId);
    }

    public override TrackCountsDocument? Evolve(TrackCountsDocument? snapshot, Guid id, IEvent e) =>
        e.Data switch
        {
            TrackUploaded => new(id, 0, 0, 0),
            PlayCounted => snapshot! with { Plays = snapshot.Plays + 1 },
            TrackLiked => snapshot! with { Likes = snapshot.Likes + 1 },
            TrackUnliked => snapshot! with { Likes = snapshot.Likes - 1 },
            TrackReposted => snapshot! with { Reposts = snapshot.Reposts + 1 },
            TrackRepostRemoved => snapshot! with { Reposts = snapshot.Reposts - 1 },
            _ => snapshot,
        };
}

public sealed record TallyDocument(string Id, int Count);

public sealed class TallyDocuments : MultiStreamProjection<TallyDocument, string>
{
    public TallyDocuments()
    {
        Identity<ReactionAdded>(e => $"{e.MessageId} {e.Emoji}");
        Identity<ReactionRemoved>(e => $"{e.MessageId} {e.Emoji}");
    }

    public override TallyDocument? Evolve(TallyDocument? snapshot, string id, IEvent e) =>
        e.Data switch
        {
            ReactionAdded => new(id, (snapshot?.Count ?? 0) + 1),
            ReactionRemoved => snapshot is { Count: > 1 } ? snapshot with { Count = snapshot.Count - 1 } : null,
            _ => snapshot,
        };
}

public sealed record FollowersDocument(Guid Id, int Count);

public sealed class FollowersDocuments : MultiStreamProjection<FollowersDocument, Guid>
{
    public FollowersDocuments()
    {
        Identity<FollowStarted>(e => e.FolloweeId);
        Identity<FollowStopped>(e => e.FolloweeId);
    }

    public override FollowersDocument? Evolve(FollowersDocument? snapshot, Guid id, IEvent e) =>
        e.Data switch
        {
            FollowStarted => new(id, (snapshot?.Count ?? 0) + 1),
            FollowStopped => snapshot is { Count: > 1 } ? snapshot with { Count = snapshot.Count - 1 } : null,
            _ => snapshot,
        };
}

public sealed class FlatMessages : FlatTableProjection
{
    public FlatMessages()
        : base("flat_messages", SchemaNameSource.DocumentSchema)
    {
        Table.AddColumn<Guid>("message_id").AsPrimaryKey();
        Project<MessageSent>(
            m =>
            {
                m.Map(e => e.Text);
                m.SetValue("edits", 0);
            },
            e => e.MessageId
        );
        Project<MessageEdited>(
            m =>
            {
                m.Map(e => e.Text);
                m.Increment("edits");
            },
            e => e.MessageId
        );
        Delete<MessageDeleted>(e => e.MessageId);
    }
}

public sealed class FlatPlays : FlatTableProjection
{
    public FlatPlays()
        : base("flat_plays", SchemaNameSource.DocumentSchema)
    {
        Table.AddColumn<Guid>("track_id").AsPrimaryKey();
        Project<TrackUploaded>(m => m.SetValue("plays", 0), e => e.TrackId);
        Project<PlayCounted>(m => m.Increment("plays"), e => e.TrackId);
    }
}

public sealed class FlatLikes : FlatTableProjection
{
    public FlatLikes()
        : base("flat_likes", SchemaNameSource.DocumentSchema)
    {
        Table.AddColumn<Guid>("track_id").AsPrimaryKey();
        Project<TrackUploaded>(m => m.SetValue("likes", 0), e => e.TrackId);
        Project<TrackLiked>(m => m.Increment("likes"), e => e.TrackId);
        Project<TrackUnliked>(m => m.Decrement("likes"), e => e.TrackId);
    }
}

/// <summary>Writes plain SQL in the transaction that moves the daemon's progress.</summary>
public abstract class SqlRows(string tables) : IProjection
{
    /// <summary>The statements that create the tables.</summary>
    public string Tables { get; } = tables;

    public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        foreach (var e in events)
            Apply(operations, e);
        return Task.CompletedTask;
    }

    protected abstract void Apply(IDocumentOperations operations, IEvent e);
}

public sealed class ReactionRows()
    : SqlRows(
        "create table daemon.reactions (message_id uuid, emoji text, member_id uuid, "
            + "primary key (message_id, emoji, member_id))"
    )
{
    protected override void Apply(IDocumentOperations operations, IEvent e)
    {
        if (e.Data is ReactionAdded added)
            operations.QueueSqlCommand(
                "insert into daemon.reactions values (?, ?, ?)",
                added.MessageId,
                added.Emoji,
                added.MemberId
            );
        else if (e.Data is ReactionRemoved gone)
            operations.QueueSqlCommand(
                "delete from daemon.reactions where message_id = ? and emoji = ? and member_id = ?",
                gone.MessageId,
                gone.Emoji,
                gone.MemberId
            );
    }
}

public sealed class FollowRows()
    : SqlRows(
        "create table daemon.follows (follower_id uuid, followee_id uuid, position bigint, "
            + "primary key (follower_id, followee_id))"
    )
{
    protected override void Apply(IDocumentOperations operations, IEvent e)
    {
        if (e.Data is FollowStarted started)
            operations.QueueSqlCommand(
                "insert into daemon.follows values (?, ?, ?)",
                started.FollowerId,
                started.FolloweeId,
                e.Sequence
            );
        else if (e.Data is FollowStopped stopped)
            operations.QueueSqlCommand(
                "delete from daemon.follows where follower_id = ? and followee_id = ?",
                stopped.FollowerId,
                stopped.FolloweeId
            );
    }
}

public sealed class MessagePositions()
    : SqlRows("create table daemon.positions (message_id uuid primary key, channel_id uuid, position bigint)")
{
    protected override void Apply(IDocumentOperations operations, IEvent e)
    {
        if (e.Data is MessageSent sent)
            operations.QueueSqlCommand(
                "insert into daemon.positions values (?, ?, ?)",
                sent.MessageId,
                sent.ChannelId,
                e.Sequence
            );
        else if (e.Data is MessageDeleted gone)
            operations.QueueSqlCommand("delete from daemon.positions where message_id = ?", gone.MessageId);
    }
}
