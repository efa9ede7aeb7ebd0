import type { Topic } from './topics.js';

/** A UUID in lower case. */
export type Id = string;

/** The `data` of each item type. Fields may be added; none changes its meaning. */
export interface ItemData {
  channelCreated: {
    channelId: Id;
    communityId: Id;
    name: string;
    kind: 'text' | 'announcement' | 'category';
    topic: string | null;
    slowModeSeconds: number;
    /** Absent means false. */
    nsfw?: boolean;
    /** Hidden from all but its creator at first; absent means false. */
    private?: boolean;
  };
  channelChanged: {
    channelId: Id;
    communityId: Id;
    name: string;
    topic: string | null;
    slowModeSeconds: number;
    nsfw: boolean;
    byMemberId: Id;
  };
  /** The place in a category, or in none; the lowest rank is first. One follows right after each `channelCreated`. */
  channelPlaced: { communityId: Id; channelId: Id; categoryId: Id | null; rank: number; byMemberId: Id };
  /** With its messages. The channels of a category stay, in none. */
  channelDeleted: { channelId: Id; communityId: Id; byMemberId: Id };
  communityCreated: { communityId: Id; ownerId: Id; name: string };
  memberJoined: { communityId: Id; memberId: Id };
  /** The membership ended, for example by a kick or ban before it. */
  memberLeft: { communityId: Id; memberId: Id };
  memberKicked: { communityId: Id; memberId: Id; byMemberId: Id; reason: string | null };
  memberBanned: { communityId: Id; memberId: Id; byMemberId: Id; reason: string | null };
  memberUnbanned: { communityId: Id; memberId: Id; byMemberId: Id };
  memberTimedOut: { communityId: Id; memberId: Id; byMemberId: Id; until: string; reason: string | null };
  memberTimeOutEnded: { communityId: Id; memberId: Id; byMemberId: Id };
  /** On the caller's account: another device has read up to here. */
  channelRead: { channelId: Id; memberId: Id; upTo: number; at: string };

  messageSent: { messageId: Id; channelId: Id; authorId: Id; text: string; replyTo: Id | null };
  messageEdited: { messageId: Id; channelId: Id; authorId: Id; text: string };
  messageDeleted: { messageId: Id; channelId: Id; byMemberId: Id };
  reactionAdded: { messageId: Id; channelId: Id; memberId: Id; emoji: string };
  reactionRemoved: { messageId: Id; channelId: Id; memberId: Id; emoji: string };

  broadcastCreated: { broadcastId: Id; ownerId: Id; title: string };
  broadcastStarted: { broadcastId: Id; ownerId: Id; contentType: string };
  broadcastInterrupted: { broadcastId: Id; ownerId: Id; reason: string };
  broadcastResumed: { broadcastId: Id; ownerId: Id };
  broadcastEnded: { broadcastId: Id; ownerId: Id; reason: string };

  trackUploaded: {
    trackId: Id;
    ownerId: Id;
    title: string;
    genre: string | null;
    description: string | null;
    bytes: number;
    sha256: string;
    durationMs: number;
    codec: string;
    sampleRateHz: number;
    channels: number;
    container: string | null;
  };
  trackProcessed: {
    trackId: Id;
    ownerId: Id;
    renditions: { format: 'opus' | 'mp3'; bitrateKbps: number; bytes: number }[];
    waveforms?: { level: 'overview' | 'fine'; samplesPerPoint: number; points: number; bytes: number }[];
  };
  trackProcessingFailed: { trackId: Id; ownerId: Id; reason: string };
  trackCommented: { commentId: Id; trackId: Id; ownerId: Id; authorId: Id; text: string; atMs: number };
  trackLiked: { trackId: Id; ownerId: Id; accountId: Id };
  trackUnliked: { trackId: Id; ownerId: Id; accountId: Id };
  trackReposted: { trackId: Id; ownerId: Id; accountId: Id };
  trackRepostRemoved: { trackId: Id; ownerId: Id; accountId: Id };
  /** Without the listener. */
  playCounted: { playId: Id; trackId: Id; ownerId: Id; genre: string | null };

  followStarted: { followerId: Id; followeeId: Id };
  followStopped: { followerId: Id; followeeId: Id };
}

interface ItemOf<Type extends string, Data> {
  /** The position in the log, which is unique and rises from item to item. */
  readonly position: number;
  readonly type: Type;
  /** Every topic it is on, except `log`, which has all items. */
  readonly topics: readonly Topic[];
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** The account that caused it; null when the item does not name it, or no account did. */
  readonly by: Id | null;
  readonly data: Data;
}

/** An item of a type in `ItemData`: a `switch` over `type` narrows its `data`. */
export type KnownItem = { [Type in keyof ItemData]: ItemOf<Type, ItemData[Type]> }[keyof ItemData];

/** An item of any type. A newer server may send types that are not in `ItemData`: see `isKnown`. */
export type Item = ItemOf<string, Readonly<Record<string, unknown>>>;

const known: { [Type in keyof ItemData]: true } = {
  channelCreated: true,
  channelChanged: true,
  channelPlaced: true,
  channelDeleted: true,
  communityCreated: true,
  memberJoined: true,
  memberLeft: true,
  memberKicked: true,
  memberBanned: true,
  memberUnbanned: true,
  memberTimedOut: true,
  memberTimeOutEnded: true,
  channelRead: true,
  messageSent: true,
  messageEdited: true,
  messageDeleted: true,
  reactionAdded: true,
  reactionRemoved: true,
  broadcastCreated: true,
  broadcastStarted: true,
  broadcastInterrupted: true,
  broadcastResumed: true,
  broadcastEnded: true,
  trackUploaded: true,
  trackProcessed: true,
  trackProcessingFailed: true,
  trackCommented: true,
  trackLiked: true,
  trackUnliked: true,
  trackReposted: true,
  trackRepostRemoved: true,
  playCounted: true,
  followStarted: true,
  followStopped: true,
};

/** Every type of `ItemData`. */
export const knownTypes: readonly (keyof ItemData)[] = Object.keys(known) as (keyof ItemData)[];

export function isKnown(item: Item): item is Item & KnownItem {
  return Object.hasOwn(known, item.type);
}
