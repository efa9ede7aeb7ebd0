import { permissionsOf, type Permissions } from './permissions';
import type { RoleItem } from './roleItems';

export interface Role {
  readonly id: string;
  readonly name: string;
  /** 0xRRGGBB; 0 is none. */
  readonly colour: number;
  /** Orders the roles; the one that everyone has is the lowest, with 0. */
  readonly rank: number;
  readonly permissions: Permissions;
  /** Its members are listed apart. */
  readonly hoisted: boolean;
  /** Each member may mention it. */
  readonly mentionable: boolean;
}

/** The highest first. */
export const sorted = (roles: readonly Role[]): readonly Role[] => [...roles].sort((a, b) => b.rank - a.rank);

/** The roles of a community after an item of its topic. */
export function applied(roles: readonly Role[], item: RoleItem): readonly Role[] {
  switch (item.type) {
    case 'roleCreated': {
      const { roleId: id, name, colour, rank, permissions, hoisted, mentionable } = item.data;
      if (roles.some(role => role.id === id)) return roles;
      const made = { id, name, colour, rank, permissions: permissionsOf(permissions), hoisted, mentionable };
      return sorted([...roles, made]);
    }
    case 'roleChanged': {
      const { roleId, name, colour, permissions, hoisted, mentionable } = item.data;
      const next = { name, colour, permissions: permissionsOf(permissions), hoisted, mentionable };
      return roles.map(role => (role.id === roleId ? { ...role, ...next } : role));
    }
    case 'roleMoved': {
      const { roleId, rank } = item.data;
      return sorted(roles.map(role => (role.id === roleId ? { ...role, rank } : role)));
    }
    case 'roleDeleted':
      return roles.filter(({ id }) => id !== item.data.roleId);
    default:
      return roles;
  }
}

/** The roles of a member, the highest first, without the one that everyone has. */
export const rolesOf = (roles: readonly Role[], roleIds: readonly string[]): readonly Role[] =>
  roles.filter(({ id }) => roleIds.includes(id));

/** The colour of a member's name: that of the highest role that has one; 0 is none. */
export const colourOf = (roles: readonly Role[], roleIds: readonly string[]): number =>
  rolesOf(roles, roleIds).find(({ colour }) => colour !== 0)?.colour ?? 0;

/** The role under which a member is listed. */
export const hoistedOf = (roles: readonly Role[], roleIds: readonly string[]): Role | undefined =>
  rolesOf(roles, roleIds).find(({ hoisted }) => hoisted);

/** What decides who is above whom. */
interface Ranked {
  readonly ownerId: string;
  readonly roles: readonly Role[];
}

/** The rank of a member's highest role; the owner is above all. */
export function rankOf({ ownerId, roles }: Ranked, memberId: string, roleIds: readonly string[]): number {
  if (memberId === ownerId) return Infinity;
  return rolesOf(roles, roleIds)[0]?.rank ?? 0;
}

/**
 * Where a role goes to be one place higher: just above the answer.
 * @param ownRank the rank of the person who moves it, who may pass only roles below it
 * @returns undefined when it is as high as it gets
 */
export function placeUp(roles: readonly Role[], id: string, ownRank: number): string | undefined {
  const at = roles.findIndex(role => role.id === id);
  const next = roles[at - 1];
  return at > 0 && next !== undefined && next.rank < ownRank ? next.id : undefined;
}

/** Where a role goes to be one place lower; see `placeUp`. The role that everyone has stays the lowest. */
export function placeDown(roles: readonly Role[], id: string): string | undefined {
  const at = roles.findIndex(role => role.id === id);
  return at < 0 ? undefined : roles[at + 2]?.id;
}

/** A colour as CSS and colour fields have it: `#rrggbb`. */
export const hexOf = (colour: number): string => `#${colour.toString(16).padStart(6, '0')}`;

/** The colour of a field's `#rrggbb`. Black would be no colour, so it is the darkest blue. */
export const colourFrom = (hex: string): number => Math.max(1, Number.parseInt(hex.slice(1), 16) || 0);
