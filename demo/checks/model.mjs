import { Event, channelKind, field } from '../names.mjs';

/** Folds the log independently of the server. The checks compare everything that the server shows with it. */
export class Model {
  accounts = new Map();
  communities = new Map();
  channels = new Map();
  messages = new Map();
  tracks = new Map();
  plays = new Map();
  broadcasts = new Map();

  constructor(events) {
    for (const event of events) folds[event.type]?.(this, event.data, event);
  }

  account(id) {
    if (!this.accounts.has(id)) this.accounts.set(id, { id, followers: new Map(), following: new Map(), tracks: [] });
    return this.accounts.get(id);
  }

  /** Events of a channel's members and messages may come before or after its own. The first one creates the entry. */
  channel(id) {
    if (!this.channels.has(id)) this.channels.set(id, { id, messages: [], overwrites: new Map() });
    return this.channels.get(id);
  }

  /** A deleted message stays in the model but is in no channel. */
  shownIn(channelId) {
    return this.channel(channelId).messages.filter(message => !message.deleted);
  }
}

const folds = {
  [Event.AccountRegistered](model, data, event) {
    Object.assign(model.account(data.accountId ?? event.by), { userName: data.userName, createdAt: event.at });
  },

  [Event.CommunityCreated](model, data, event) {
    const ownerId = field.owner(event);
    model.communities.set(data.communityId, {
      id: data.communityId,
      name: data.name,
      ownerId,
      createdAt: event.at,
      members: new Map([[ownerId, event.at]]),
      roles: new Map(),
      given: new Map(),
    });
  },
  [Event.RoleCreated](model, data) {
    const { roleId, name, colour, rank, permissions, hoisted } = data;
    model.communities.get(data.communityId).roles.set(roleId, { id: roleId, name, colour, rank, permissions, hoisted });
  },
  [Event.RoleMoved](model, { communityId, roleId, rank }) {
    model.communities.get(communityId).roles.get(roleId).rank = rank;
  },
  [Event.RoleDeleted](model, { communityId, roleId }) {
    model.communities.get(communityId).roles.delete(roleId);
  },
  [Event.MemberRoleGiven](model, { communityId, memberId, roleId }) {
    const { given } = model.communities.get(communityId);
    given.set(memberId, new Set([...(given.get(memberId) ?? []), roleId]));
  },
  [Event.MemberRoleTaken](model, { communityId, memberId, roleId }) {
    model.communities.get(communityId).given.get(memberId)?.delete(roleId);
  },
  [Event.OverwriteSet](model, { channelId, targetId, allow, deny }) {
    model.channel(channelId).overwrites.set(targetId, { targetId, allow, deny });
  },
  [Event.MemberJoined](model, data, event) {
    model.communities.get(data.communityId).members.set(field.account(event), event.at);
  },
  [Event.MemberLeft](model, data, event) {
    const { members, given } = model.communities.get(data.communityId);
    members.delete(field.account(event));
    given.delete(field.account(event));
  },
  [Event.ChannelChanged](model, { channelId, name, topic, slowModeSeconds, nsfw }) {
    Object.assign(model.channel(channelId), { name, topic: topic ?? null, slowModeSeconds, nsfw });
  },
  [Event.ChannelPlaced](model, { channelId, categoryId, rank }) {
    Object.assign(model.channel(channelId), { categoryId: categoryId ?? null, rank });
  },
  [Event.ChannelDeleted](model, { channelId }) {
    model.channels.delete(channelId);
  },
  [Event.ChannelCreated](model, data, event) {
    const { channelId, communityId, name, kind, topic, slowModeSeconds } = data;
    if (data.private)
      model.channel(channelId).overwrites.set(communityId, { targetId: communityId, allow: '0', deny: '1024' });
    Object.assign(model.channel(channelId), {
      nsfw: data.nsfw ?? false,
      categoryId: null,
      rank: 0,
      communityId,
      name,
      kind: channelKind(kind),
      topic: topic ?? null,
      slowModeSeconds: slowModeSeconds ?? 0,
      position: event.position,
    });
  },

  [Event.MessageSent](model, data, event) {
    const message = {
      id: data.messageId,
      channelId: data.channelId,
      authorId: data.authorId,
      text: data.text,
      replyTo: data.replyTo ?? null,
      sentAt: event.at,
      editedAt: null,
      edits: 0,
      reactions: new Map(),
      position: event.position,
      deleted: false,
    };
    model.messages.set(message.id, message);
    model.channel(message.channelId).messages.push(message);
  },
  [Event.MessageEdited](model, data, event) {
    const message = model.messages.get(data.messageId);
    Object.assign(message, { text: data.text, editedAt: event.at, edits: message.edits + 1 });
  },
  [Event.MessageDeleted](model, data) {
    model.messages.get(data.messageId).deleted = true;
  },
  [Event.ReactionAdded](model, data) {
    const { reactions } = model.messages.get(data.messageId);
    if (!reactions.has(data.emoji)) reactions.set(data.emoji, new Set());
    reactions.get(data.emoji).add(data.memberId);
  },
  [Event.ReactionRemoved](model, data) {
    const { reactions } = model.messages.get(data.messageId);
    reactions.get(data.emoji).delete(data.memberId);
    if (reactions.get(data.emoji).size === 0) reactions.delete(data.emoji);
  },

  [Event.FollowStarted](model, { followerId, followeeId }, event) {
    model.account(followeeId).followers.set(followerId, event.at);
    model.account(followerId).following.set(followeeId, event.at);
  },
  [Event.FollowStopped](model, { followerId, followeeId }) {
    model.account(followeeId).followers.delete(followerId);
    model.account(followerId).following.delete(followeeId);
  },

  [Event.TrackUploaded](model, data, event) {
    const track = {
      id: data.trackId,
      ownerId: field.owner(event),
      title: data.title,
      genre: data.genre ?? null,
      description: data.description ?? null,
      status: 'processing',
      likes: new Set(),
      reposts: new Map(),
      comments: [],
      plays: [],
      position: event.position,
      createdAt: event.at,
    };
    model.tracks.set(track.id, track);
    model.account(track.ownerId).tracks.push(track);
  },
  [Event.TrackProcessed](model, data) {
    model.tracks.get(data.trackId).status = 'ready';
  },
  [Event.TrackProcessingFailed](model, data) {
    model.tracks.get(data.trackId).status = 'failed';
  },
  [Event.TrackLiked](model, data, event) {
    model.tracks.get(data.trackId).likes.add(field.account(event));
  },
  [Event.TrackUnliked](model, data, event) {
    model.tracks.get(data.trackId).likes.delete(field.account(event));
  },
  [Event.TrackReposted](model, data, event) {
    model.tracks.get(data.trackId).reposts.set(field.account(event), event);
  },
  [Event.TrackRepostRemoved](model, data, event) {
    model.tracks.get(data.trackId).reposts.delete(field.account(event));
  },
  [Event.TrackCommented](model, data, event) {
    model.tracks
      .get(data.trackId)
      .comments.push({
        authorId: data.authorId ?? field.account(event),
        text: data.text,
        atMs: data.atMs,
        position: event.position,
      });
  },

  [Event.PlayStarted](model, data, event) {
    model.plays.set(data.playId, {
      id: data.playId,
      trackId: data.trackId,
      listenerId: field.listener(event),
      at: event.at,
      position: event.position,
      heardMs: 0,
      counted: false,
    });
  },
  [Event.PlayProgressed](model, data) {
    model.plays.get(data.playId).heardMs = data.heardMs;
  },
  [Event.PlayCounted](model, data, event) {
    const play = model.plays.get(data.playId);
    Object.assign(play, { counted: true, countedAt: event.at, heardMs: Math.max(play.heardMs, data.heardMs ?? 0) });
    model.tracks.get(play.trackId).plays.push(play);
  },

  [Event.BroadcastCreated](model, data, event) {
    model.broadcasts.set(data.broadcastId, {
      id: data.broadcastId,
      ownerId: field.owner(event),
      title: data.title,
      status: 'waiting',
      startedAt: null,
      endedAt: null,
      position: event.position,
    });
  },
  [Event.BroadcastStarted](model, data, event) {
    Object.assign(model.broadcasts.get(data.broadcastId), {
      status: 'live',
      startedAt: event.at,
      startedPosition: event.position,
    });
  },
  [Event.BroadcastInterrupted](model, data) {
    model.broadcasts.get(data.broadcastId).status = 'interrupted';
  },
  [Event.BroadcastResumed](model, data) {
    model.broadcasts.get(data.broadcastId).status = 'live';
  },
  [Event.BroadcastEnded](model, data, event) {
    Object.assign(model.broadcasts.get(data.broadcastId), { status: 'ended', endedAt: event.at });
  },
};
