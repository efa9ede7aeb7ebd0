import { isKnown, type Item } from '@veza/client';
import type { Member } from '../Members/members';

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: 'text' | 'announcement';
  readonly topic: string | null;
  readonly slowModeSeconds: number;
}

/** A community that is open on the page. */
export interface OpenCommunity {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly createdAt: string;
  readonly memberCount: number;
  readonly channels: readonly Channel[];
  /** As many as are shown; of a large community not all. */
  readonly members: readonly Member[];
  readonly position: number;
  /** `memberCount` includes the events up to here. */
  readonly counted: number;
  /** The position of the last kick, ban or time-out, after which a list of them is old. */
  readonly sanctionedAt: number;
}

/** The community after an item of its topic. */
export function applied(community: OpenCommunity, item: Item): OpenCommunity {
  if (item.position <= community.position || !isKnown(item)) return community;
  const moved = { ...community, position: item.position };
  const { members, channels, memberCount, counted } = community;
  const counts = item.position > counted ? 1 : 0;
  switch (item.type) {
    case 'channelCreated': {
      const { channelId: id, name, kind, topic, slowModeSeconds } = item.data;
      if (item.data.communityId !== community.id || channels.some(channel => channel.id === id)) return moved;
      return { ...moved, channels: [...channels, { id, name, kind, topic, slowModeSeconds }] };
    }
    case 'memberJoined': {
      const { memberId: id } = item.data;
      const known = members.some(member => member.id === id);
      return {
        ...moved,
        memberCount: memberCount + counts,
        members: known ? members : [...members, { id, userName: '', status: 'offline' }],
      };
    }
    case 'memberLeft': {
      const { memberId } = item.data;
      return { ...moved, memberCount: memberCount - counts, members: members.filter(({ id }) => id !== memberId) };
    }
    case 'memberBanned':
    case 'memberUnbanned':
    case 'memberTimedOut':
    case 'memberTimeOutEnded':
      return { ...moved, sanctionedAt: item.position };
    default:
      return moved;
  }
}
