import { describe, expect, it } from 'vitest';
import type { Role } from '../Roles/roles';
import { grouped, type Group, type Member } from './members';

const role = (id: string, rank: number, hoisted: boolean): Role => ({
  id,
  name: id,
  colour: 0,
  rank,
  permissions: 0n,
  hoisted,
  mentionable: false,
});
const member = (userName: string, status: Member['status'], ...roleIds: string[]): Member => ({
  id: userName,
  userName,
  status,
  roleIds,
});
const roles = [role('singer', 3, true), role('colour', 2, false), role('guest', 1, true), role('x', 0, false)];
const shown = (groups: readonly Group[]): string[] =>
  groups.map(group => `${group.role?.id ?? group.kind}: ${group.members.map(({ userName }) => userName).join(' ')}`);

describe('the members', () => {
  it('who are here come before those who are away, each by name', () =>
    expect(
      shown(
        grouped(
          [member('zoe', 'dnd'), member('ann', 'offline'), member('bob', 'idle'), member('eve', 'online')],
          [],
        ),
      ),
    ).toEqual(['here: bob eve zoe', 'away: ann']));

  it('are listed under their highest role that is listed apart', () =>
    expect(
      shown(
        grouped(
          [
            member('zoe', 'online', 'guest'),
            member('bob', 'idle', 'guest', 'singer'),
            member('eve', 'online', 'colour'),
            member('ann', 'online', 'guest', 'colour'),
          ],
          roles,
        ),
      ),
    ).toEqual(['singer: bob', 'guest: ann zoe', 'here: eve']));

  it('are under no role while they are away', () =>
    expect(shown(grouped([member('bob', 'offline', 'singer'), member('ann', 'online')], roles))).toEqual([
      'here: ann',
      'away: bob',
    ]));

  it('are in no group when there are none', () => expect(grouped([], roles)).toEqual([]));
});
