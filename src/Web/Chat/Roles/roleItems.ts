import type { Item } from '@veza/client';

interface RoleItemData {
  roleCreated: {
    communityId: string;
    roleId: string;
    byMemberId: string;
    name: string;
    colour: number;
    rank: number;
    permissions: string;
    hoisted: boolean;
    mentionable: boolean;
  };
  roleChanged: {
    communityId: string;
    roleId: string;
    byMemberId: string;
    name: string;
    colour: number;
    permissions: string;
    hoisted: boolean;
    mentionable: boolean;
  };
  roleMoved: { communityId: string; roleId: string; byMemberId: string; rank: number };
  roleDeleted: { communityId: string; roleId: string; byMemberId: string };
  memberRoleGiven: { communityId: string; memberId: string; roleId: string; byMemberId: string };
  memberRoleTaken: { communityId: string; memberId: string; roleId: string; byMemberId: string };
  overwriteSet: {
    channelId: string;
    communityId: string;
    targetId: string;
    target: 'role' | 'member';
    allow: string;
    deny: string;
    byMemberId: string;
  };
  overwriteRemoved: { channelId: string; communityId: string; targetId: string; byMemberId: string };
}

/** A live item about roles. All of them are on the community's topic; those of overwrites on the channel's too. */
export type RoleItem = {
  [Type in keyof RoleItemData]: {
    readonly position: number;
    readonly type: Type;
    readonly data: RoleItemData[Type];
  };
}[keyof RoleItemData];

const types: Record<keyof RoleItemData, true> = {
  roleCreated: true,
  roleChanged: true,
  roleMoved: true,
  roleDeleted: true,
  memberRoleGiven: true,
  memberRoleTaken: true,
  overwriteSet: true,
  overwriteRemoved: true,
};

/** The item, if it is about roles. */
export const roleItemOf = (item: Item): RoleItem | undefined =>
  Object.hasOwn(types, item.type) ? (item as unknown as RoleItem) : undefined;

/**
 * Whether an item may have changed what a member may do, so that it is asked for again. Without this, all members of a
 * large community would ask at once after each change of a role that few of them have.
 * @param roleIds of the member; undefined when they are not known
 */
export function concerns(item: RoleItem, memberId: string, roleIds: readonly string[] | undefined): boolean {
  const { communityId } = item.data;
  const holds = (id: string): boolean => id === communityId || roleIds === undefined || roleIds.includes(id);
  switch (item.type) {
    case 'memberRoleGiven':
    case 'memberRoleTaken':
      return item.data.memberId === memberId;
    case 'roleChanged':
    case 'roleDeleted':
      return holds(item.data.roleId);
    case 'overwriteSet':
    case 'overwriteRemoved':
      return item.data.targetId === memberId || holds(item.data.targetId);
    case 'roleCreated':
    case 'roleMoved':
      return false;
  }
}
