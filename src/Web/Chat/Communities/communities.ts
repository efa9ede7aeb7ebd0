import { isKnown, type Item } from '@veza/client';

/** Unread messages of a channel that are counted one by one; more are shown as so many. */
export const UnreadMax = 1_000;

export interface ChannelUnread {
  readonly id: string;
  /** The read marker. */
  readonly upTo: number;
  /** Messages of others after the marker, as of `exactAt`. */
  readonly before: number;
  readonly exactAt: number;
  /** Messages of others since. */
  readonly since: readonly { readonly id: string; readonly position: number }[];
}

export interface MyCommunity {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly channels: readonly ChannelUnread[];
  /** This person may only read until then (ISO 8601). */
  readonly timedOutUntil?: string | undefined;
}

export interface Mine {
  readonly me: string;
  /** In the order of joining. */
  readonly communities: readonly MyCommunity[];
  /** To be read: joined since, or with other channels than before. Once for each time. */
  readonly missing: readonly string[];
  readonly position: number;
}

export const unreadIn = (channel: ChannelUnread): number =>
  Math.min(UnreadMax, channel.before + channel.since.length);

export const unreadOf = (community: MyCommunity): number =>
  Math.min(UnreadMax, community.channels.reduce((sum, channel) => sum + unreadIn(channel), 0));

/** The state after an item of `communities:mine` or of one's own account. */
export function applied(mine: Mine, item: Item): Mine {
  if (item.position <= mine.position) return mine;
  const moved = { ...mine, position: item.position };
  if (!isKnown(item)) return moved;
  switch (item.type) {
    case 'messageSent': {
      const { channelId, authorId, messageId: id } = item.data;
      if (authorId === mine.me) return moved;
      return inChannel(moved, channelId, channel =>
        item.position <= channel.exactAt
          ? channel
          : { ...channel, since: [...channel.since, { id, position: item.position }].slice(-UnreadMax) },
      );
    }
    case 'messageDeleted': {
      const { channelId, messageId } = item.data;
      return inChannel(moved, channelId, channel => ({
        ...channel,
        since: channel.since.filter(({ id }) => id !== messageId),
      }));
    }
    case 'channelRead':
      return item.data.memberId === mine.me ? read(moved, item.data.channelId, item.data.upTo) : moved;
    case 'channelCreated': {
      const { channelId: id, communityId, kind } = item.data;
      if (kind === 'category') return moved;
      return inCommunity(moved, communityId, community =>
        community.channels.some(channel => channel.id === id)
          ? community
          : {
              ...community,
              channels: [
                ...community.channels,
                { id, upTo: item.position, before: 0, exactAt: item.position, since: [] },
              ],
            },
      );
    }
    case 'channelDeleted': {
      const { channelId, communityId } = item.data;
      return inCommunity(moved, communityId, community => ({
        ...community,
        channels: community.channels.filter(({ id }) => id !== channelId),
      }));
    }
    case 'memberJoined':
      return item.data.memberId === mine.me ? wanted(moved, item.data.communityId) : moved;
    case 'memberLeft':
      return item.data.memberId === mine.me ? left(moved, item.data.communityId) : moved;
    case 'memberTimedOut':
      return item.data.memberId === mine.me ? silenced(moved, item.data.communityId, item.data.until) : moved;
    case 'memberTimeOutEnded':
      return item.data.memberId === mine.me ? silenced(moved, item.data.communityId, undefined) : moved;
    default:
      return moved;
  }
}

/** The state when the channels that this person sees of a community have changed. */
export const changed = (mine: Mine, communityId: string): Mine =>
  mine.communities.some(({ id }) => id === communityId)
    ? { ...mine, missing: [...mine.missing, communityId] }
    : mine;

/**
 * The state with a community that was read after a position. Of channels that are known already, what is known is
 * newer, and so are channels that were made later.
 */
export function withCommunity(mine: Mine, community: MyCommunity, after = 0): Mine {
  const known = mine.communities.find(({ id }) => id === community.id);
  const at = mine.missing.indexOf(community.id);
  const missing = mine.missing.filter((_, i) => i !== at);
  if (known === undefined) return { ...mine, communities: [...mine.communities, community], missing };
  const newer = known.channels.filter(
    ({ id, exactAt }) => exactAt > after && community.channels.every(channel => channel.id !== id),
  );
  const channels = [
    ...community.channels.map(channel => known.channels.find(({ id }) => id === channel.id) ?? channel),
    ...newer,
  ];
  return {
    ...mine,
    communities: mine.communities.map(one => (one.id === community.id ? { ...one, channels } : one)),
    missing,
  };
}

/**
 * The state when this person has read a channel up to a position.
 * @param after how many messages of others are known to be after it; undefined when that is not known
 */
export const read = (mine: Mine, channelId: string, upTo: number, after?: number): Mine =>
  inChannel(mine, channelId, channel => {
    if (upTo <= channel.upTo) return channel;
    const since = channel.since.filter(({ position }) => position > upTo);
    // Only what was sent since the count is known one by one. People read to the newest message, and rarely less.
    return { ...channel, upTo, before: Math.max(0, (after ?? since.length) - since.length), since };
  });

export const left = (mine: Mine, communityId: string): Mine => ({
  ...mine,
  communities: mine.communities.filter(({ id }) => id !== communityId),
  missing: mine.missing.filter(id => id !== communityId),
});

export const communityOf = (mine: Mine, channelId: string): MyCommunity | undefined =>
  mine.communities.find(({ channels }) => channels.some(({ id }) => id === channelId));

const wanted = (mine: Mine, id: string): Mine =>
  mine.communities.some(one => one.id === id) || mine.missing.includes(id)
    ? mine
    : { ...mine, missing: [...mine.missing, id] };

const silenced = (mine: Mine, communityId: string, timedOutUntil: string | undefined): Mine =>
  inCommunity(mine, communityId, community => ({ ...community, timedOutUntil }));

const inCommunity = (mine: Mine, id: string, change: (community: MyCommunity) => MyCommunity): Mine => ({
  ...mine,
  communities: mine.communities.map(one => (one.id === id ? change(one) : one)),
});

function inChannel(mine: Mine, id: string, change: (channel: ChannelUnread) => ChannelUnread): Mine {
  const community = communityOf(mine, id);
  if (community === undefined) return mine;
  const channels = community.channels.map(channel => (channel.id === id ? change(channel) : channel));
  return inCommunity(mine, community.id, () => ({ ...community, channels }));
}
