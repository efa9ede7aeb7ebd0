import { isKnown, type Item } from '@veza/client';
import type { Member } from '../Members/members';
import { concerns, roleItemOf, type RoleItem } from '../Roles/roleItems';
import { applied as appliedToRoles, type Role } from '../Roles/roles';

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: 'text' | 'announcement';
  readonly topic: string | null;
  readonly slowModeSeconds: number;
}

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
