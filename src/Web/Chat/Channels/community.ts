import { isKnown, type Item, type KnownItem } from '@veza/client';
import type { Member } from '../Members/members';
import { concerns, roleItemOf, type RoleItem } from '../Roles/roleItems';
import { applied as appliedToRoles, type Role } from '../Roles/roles';

export type ChannelKind = 'text' | 'announcement' | 'category';

/** A channel, or a category that holds channels. */
export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly topic: string | null;
  readonly slowModeSeconds: number;
  /** Its messages show after a warning. */
  readonly nsfw: boolean;
  /** It may be none of those that this person sees; then the channel is in no category. */
  readonly categoryId: string | null;
  /** Orders the channels of a category; the lowest is first. */
  readonly rank: number;
}

type ChannelItem = Extract<
  KnownItem,
  { type: 'channelCreated' | 'channelChanged' | 'channelPlaced' | 'channelDeleted' }
>;

/** A community that is open on the page. */
export interface OpenCommunity {
  /** The person who has it open. */
  readonly me: string;
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly createdAt: string;
  readonly memberCount: number;
  readonly channels: readonly Channel[];
  /** As many as are shown; of a large community not all. */
  readonly members: readonly Member[];
  /** The highest first; the last one is that of everyone. None from a server that has no roles. */
  readonly roles: readonly Role[];
  readonly position: number;
  /** `memberCount` includes the events up to here. */
  readonly counted: number;
  /** The position of the last kick, ban or time-out, after which a list of them is old. */
  readonly sanctionedAt: number;
  /** The position of the last item that may have changed what any member may do. */
  readonly ruledAt: number;
  /** The same, of the person who has it open. */
  readonly permittedAt: number;
}

/** The community after an item of its topic. */
export function applied(community: OpenCommunity, item: Item): OpenCommunity {
  if (item.position <= community.position) return community;
  const roleItem = roleItemOf(item);
  if (roleItem !== undefined) return withRoleItem(community, roleItem);
  if (!isKnown(item)) return community;
  const moved = { ...community, position: item.position };
  const { members, channels, memberCount, counted } = community;
  const counts = item.position > counted ? 1 : 0;
  switch (item.type) {
    case 'channelCreated':
    case 'channelChanged':
    case 'channelPlaced':
    case 'channelDeleted':
      return item.data.communityId === community.id ? { ...moved, channels: withChannelItem(channels, item) } : moved;
    case 'memberJoined': {
      const { memberId: id } = item.data;
      const known = members.some(member => member.id === id);
      return {
        ...moved,
        memberCount: memberCount + counts,
        members: known ? members : [...members, { id, userName: '', status: 'offline', roleIds: [] }],
      };
    }
    case 'memberLeft': {
      const { memberId } = item.data;
      return { ...moved, memberCount: memberCount - counts, members: members.filter(({ id }) => id !== memberId) };
    }
    case 'memberBanned':
    case 'memberUnbanned':
      return { ...moved, sanctionedAt: item.position };
    case 'memberTimedOut':
    case 'memberTimeOutEnded':
      return {
        ...moved,
        sanctionedAt: item.position,
        ruledAt: item.position,
        permittedAt: item.data.memberId === community.me ? item.position : community.permittedAt,
      };
    default:
      return moved;
  }
}

function withChannelItem(channels: readonly Channel[], item: ChannelItem): readonly Channel[] {
  const { channelId: id } = item.data;
  const changed = (change: Partial<Channel>): readonly Channel[] =>
    channels.map(channel => (channel.id === id ? { ...channel, ...change } : channel));
  switch (item.type) {
    case 'channelCreated': {
      if (channels.some(channel => channel.id === id)) return channels;
      const { name, kind, topic, slowModeSeconds, nsfw = false } = item.data;
      return [...channels, { id, name, kind, topic, slowModeSeconds, nsfw, categoryId: null, rank: 0 }];
    }
    case 'channelChanged': {
      const { name, topic, slowModeSeconds, nsfw } = item.data;
      return changed({ name, topic, slowModeSeconds, nsfw });
    }
    case 'channelPlaced': {
      const { categoryId, rank } = item.data;
      return changed({ categoryId, rank });
    }
    case 'channelDeleted':
      return channels.filter(channel => channel.id !== id);
  }
}

function withRoleItem(community: OpenCommunity, item: RoleItem): OpenCommunity {
  const { id, me, roles, members, permittedAt } = community;
  const moved = { ...community, position: item.position };
  if (item.data.communityId !== id) return moved;
  const own = members.find(member => member.id === me)?.roleIds;
  return {
    ...moved,
    roles: appliedToRoles(roles, item),
    members: withGiven(members, item),
    ruledAt: item.position,
    permittedAt: concerns(item, me, own) ? item.position : permittedAt,
  };
}

function withGiven(members: readonly Member[], item: RoleItem): readonly Member[] {
  if (item.type !== 'memberRoleGiven' && item.type !== 'memberRoleTaken') return members;
  const { memberId, roleId } = item.data;
  return members.map(member => {
    if (member.id !== memberId) return member;
    const others = member.roleIds.filter(id => id !== roleId);
    return { ...member, roleIds: item.type === 'memberRoleGiven' ? [...others, roleId] : others };
  });
}
