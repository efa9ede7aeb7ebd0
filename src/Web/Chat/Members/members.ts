import type { ShownStatus } from '@veza/client';
import { hoistedOf, type Role } from '../Roles/roles';

export interface Member {
  readonly id: string;
  readonly userName: string;
  readonly status: ShownStatus;
  readonly roleIds: readonly string[];
}

/** A heading of the list, and the members under it. */
export interface Group {
  readonly kind: 'role' | 'here' | 'away';
  /** Of the kind `role`: the one that all of them have. */
  readonly role?: Role;
  readonly members: readonly Member[];
}

/**
 * The members in groups, each by name: those who are here under their highest role that is listed apart, then the
 * others who are here, then those who are away. Empty groups are left out.
 * @param roles the highest first
 */
export function grouped(members: readonly Member[], roles: readonly Role[]): readonly Group[] {
  const byName = (a: Member, b: Member): number => a.userName.localeCompare(b.userName);
  const here = members.filter(({ status }) => status !== 'offline');
  const under = new Map<Role | undefined, Member[]>();
  for (const member of here) {
    const role = hoistedOf(roles, member.roleIds);
    under.set(role, [...(under.get(role) ?? []), member]);
  }
  const groups: Group[] = [];
  const add = (group: Group): void => {
    if (group.members.length > 0) groups.push({ ...group, members: [...group.members].sort(byName) });
  };
  for (const role of roles) add({ kind: 'role', role, members: under.get(role) ?? [] });
  add({ kind: 'here', members: under.get(undefined) ?? [] });
  add({ kind: 'away', members: members.filter(({ status }) => status === 'offline') });
  return groups;
}
