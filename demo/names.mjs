// The server's names that this client relies on: event types and fields of the log, problem codes, live topics.
// When the server renames something, only this file changes.

/** Event types as in the log. Live topics use the same names in camelCase: see `logType`. */
export const Event = Object.freeze({
  AccountRegistered: 'account_registered',
  SessionStarted: 'session_started',
  SessionRefreshed: 'session_refreshed',
  SessionEnded: 'session_ended',
  ApiKeyCreated: 'api_key_created',
  CommunityCreated: 'community_created',
  MemberJoined: 'member_joined',
  MemberLeft: 'member_left',
  MemberBanned: 'member_banned',
  MemberTimedOut: 'member_timed_out',
  MemberTimeOutEnded: 'member_time_out_ended',
  ChannelCreated: 'channel_created',
  ChannelChanged: 'channel_changed',
  ChannelPlaced: 'channel_placed',
  ChannelDeleted: 'channel_deleted',
  RoleCreated: 'role_created',
  RoleMoved: 'role_moved',
  RoleDeleted: 'role_deleted',
  MemberRoleGiven: 'member_role_given',
  MemberRoleTaken: 'member_role_taken',
  OverwriteSet: 'overwrite_set',
  MessageSent: 'message_sent',
  MessageEdited: 'message_edited',
  MessageDeleted: 'message_deleted',
  ReactionAdded: 'reaction_added',
  ReactionRemoved: 'reaction_removed',
  ChannelRead: 'channel_read',
  FollowStarted: 'follow_started',
  FollowStopped: 'follow_stopped',
  TrackUploaded: 'track_uploaded',
  TrackProcessed: 'track_processed',
  TrackProcessingFailed: 'track_processing_failed',
  TrackLiked: 'track_liked',
  TrackUnliked: 'track_unliked',
  TrackReposted: 'track_reposted',
  TrackRepostRemoved: 'track_repost_removed',
  TrackCommented: 'track_commented',
  PlayStarted: 'play_started',
  PlayProgressed: 'play_progressed',
  PlayCounted: 'play_counted',
  BroadcastCreated: 'broadcast_created',
  BroadcastStarted: 'broadcast_started',
  BroadcastInterrupted: 'broadcast_interrupted',
  BroadcastResumed: 'broadcast_resumed',
  BroadcastEnded: 'broadcast_ended',
});

/** Bits, of which the server's numbers in strings are sums. */
export const Permission = Object.freeze({
  ViewChannel: 1n << 10n,
  SendMessages: 1n << 11n,
  ManageMessages: 1n << 13n,
  MentionEveryone: 1n << 17n,
  ManageRoles: 1n << 28n,
});

/** `reactionAdded` (live) is `reaction_added` (log). */
export const logType = liveType => liveType.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

/** Fields whose name the contract leaves open: the first one present counts, or else the event's author in the log. */
export const field = {
  account: e => e.data.accountId ?? e.data.memberId ?? e.by,
  owner: e => e.data.ownerId ?? e.data.accountId ?? e.by,
  track: e => e.data.trackId,
  listener: e => e.data.listenerId ?? e.data.accountId ?? e.by,
};

/** The log may hold a channel's kind as its name, in any case, or as its number. */
export const channelKind = kind => ['text', 'announcement', 'category'][kind] ?? kind.toLowerCase();

/** Event types whose number must be exactly the demo's count. Other types also come with commands of another name. */
export const countedExactly = [
  Event.CommunityCreated,
  Event.MemberLeft,
  Event.RoleCreated,
  Event.RoleMoved,
  Event.RoleDeleted,
  Event.MemberRoleGiven,
  Event.OverwriteSet,
  Event.MessageSent,
  Event.MessageEdited,
  Event.MessageDeleted,
  Event.ReactionAdded,
  Event.ReactionRemoved,
  Event.FollowStarted,
  Event.FollowStopped,
  Event.TrackUploaded,
  Event.TrackLiked,
  Event.TrackUnliked,
  Event.TrackReposted,
  Event.TrackRepostRemoved,
  Event.TrackCommented,
  Event.PlayStarted,
  Event.PlayCounted,
  Event.BroadcastCreated,
  Event.BroadcastEnded,
];

/** A refusal's description: its possible statuses, its possible codes (`null`: any code), and words of its text. */
export const Refusal = Object.freeze({
  unauthenticated: { statuses: [401], codes: null },
  invalid: name => ({ statuses: [400], codes: null, field: name }),
  scopeMissing: { statuses: [403], codes: ['scope_missing'] },
  banned: { statuses: [403], codes: ['banned'] },
  timedOut: { statuses: [403], codes: ['timed_out'] },
  notAMember: { statuses: [403], codes: ['permission_missing'] },
  roleAbove: { statuses: [403], codes: ['role_above'] },
  notTheAuthor: { statuses: [403], codes: ['not_the_author'] },
  notTheOwner: { statuses: [403], codes: ['not_the_owner'] },
  slowMode: { statuses: [429], codes: ['slow_mode'] },
  messageTooLong: { statuses: [400, 413], codes: null, words: ['MAX_MESSAGE_SIZE is 8,192'] },
  keyReused: { statuses: [422], codes: ['idempotency_key_reused'] },
  nameTaken: { statuses: [409], codes: null },
  notAudio: { statuses: [400, 415, 422], codes: null },
  heardTooFast: { statuses: [409], codes: ['heard_too_fast'] },
  unknown: { statuses: [404], codes: null },
});

/** Refusals with the status "too fast" that must not be retried, since a retry would hide them. */
export const finalRefusals = new Set(['slow_mode']);

export const Topic = {
  log: 'log',
  channel: id => `channel:${id}`,
  account: id => `account:${id}`,
  track: id => `track:${id}`,
  broadcast: id => `broadcast:${id}`,
  chart: name => `chart:${name}`,
};

/** Event types that must arrive on a topic of a kind when the log holds one about its id. Others may arrive too. */
export const mustArrive = {
  channel: [Event.MessageSent, Event.MessageEdited, Event.MessageDeleted, Event.ReactionAdded, Event.ReactionRemoved],
  track: [
    Event.TrackProcessed,
    Event.TrackLiked,
    Event.TrackUnliked,
    Event.TrackReposted,
    Event.TrackRepostRemoved,
    Event.TrackCommented,
  ],
  broadcast: [Event.BroadcastStarted, Event.BroadcastInterrupted, Event.BroadcastResumed, Event.BroadcastEnded],
};

export const MessageBytesMax = 8192;
export const CountedAfterMsMax = 30_000;
/** A chart may stop after this many tracks. */
export const ChartTracksMin = 50;
