import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { bits, None } from './permissions';
import { concerns, roleItemOf, type RoleItem } from './roleItems';
import {
  applied,
  colourFrom,
  colourOf,
  hexOf,
  hoistedOf,
  placeDown,
  placeUp,
  rankOf,
  rolesOf,
  type Role,
} from './roles';

const role = (id: string, rank: number, more: Partial<Role> = {}): Role => ({
  id,
  name: id,
  colour: 0,
  rank,
  permissions: None,
  hoisted: false,
  mentionable: false,
  ...more,
});
const roles = [
  role('admin', 3, { hoisted: true }),
  role('singer', 2, { colour: 0xff0000, hoisted: true }),
  role('guest', 1, { colour: 0x00ff00 }),
  role('x', 0),
];
const ids = (all: readonly Role[]): string[] => all.map(({ id }) => id);
const item = (type: string, data: object): RoleItem =>
  roleItemOf({ position: 1, type, topics: [], at: '', by: null, data: { communityId: 'x', ...data } } as Item) ??
  expect.fail(`${type} is not about roles`);

describe('the roles of a community', () => {
  it('have a new one in its place, once', () => {
    const made = item('roleCreated', {
      roleId: 'new',
      name: 'New',
      colour: 5,
      rank: 1.5,
      permissions: '8192',
      hoisted: true,
      mentionable: false,
    });
    const next = [made, made].reduce(applied, roles as readonly Role[]);
    expect(ids(next)).toEqual(['admin', 'singer', 'new', 'guest', 'x']);
    expect(next[2]).toEqual(
      role('new', 1.5, { name: 'New', colour: 5, permissions: bits.ManageMessages, hoisted: true }),
    );
  });

  it('change, and keep their rank', () => {
    const data = { roleId: 'guest', name: 'Visitor', colour: 0, permissions: '0', hoisted: false, mentionable: true };
    expect(applied(roles, item('roleChanged', data))[2]).toEqual(
      role('guest', 1, { name: 'Visitor', mentionable: true }),
    );
  });

  it('move', () =>
    expect(ids(applied(roles, item('roleMoved', { roleId: 'guest', rank: 2.5 })))).toEqual([
      'admin',
      'guest',
      'singer',
      'x',
    ]));

  it('are deleted', () =>
    expect(ids(applied(roles, item('roleDeleted', { roleId: 'admin' })))).toEqual(['singer', 'guest', 'x']));

  it('stay the same after other items', () => {
    expect(applied(roles, item('memberRoleGiven', { memberId: 'ann', roleId: 'guest' }))).toBe(roles);
    expect(roleItemOf({ type: 'messageSent' } as Item)).toBeUndefined();
  });
});

describe('a member', () => {
  it('has the colour of the highest role that has one', () => {
    expect(colourOf(roles, ['guest', 'admin', 'singer'])).toBe(0xff0000);
    expect(colourOf(roles, ['admin', 'guest'])).toBe(0x00ff00);
    expect(colourOf(roles, ['admin'])).toBe(0);
  });

  it('is listed under the highest role that is listed apart', () => {
    expect(hoistedOf(roles, ['guest', 'singer'])?.id).toBe('singer');
    expect(hoistedOf(roles, ['singer', 'admin'])?.id).toBe('admin');
    expect(hoistedOf(roles, ['guest'])).toBeUndefined();
  });

  it('has no role that was deleted since', () => expect(ids(rolesOf(roles, ['gone', 'guest']))).toEqual(['guest']));

  it('is as high as the highest role; the owner is above all', () => {
    const community = { ownerId: 'ann', roles };
    expect(rankOf(community, 'ann', [])).toBe(Infinity);
    expect(rankOf(community, 'bob', ['guest', 'singer'])).toBe(2);
    expect(rankOf(community, 'bob', [])).toBe(0);
  });
});

describe('a role on its way', () => {
  it('goes up to just above the next one, below the person who moves it', () => {
    expect(placeUp(roles, 'guest', Infinity)).toBe('singer');
    expect(placeUp(roles, 'guest', 2)).toBeUndefined();
    expect(placeUp(roles, 'singer', 3)).toBeUndefined();
    expect(placeUp(roles, 'admin', Infinity)).toBeUndefined();
    expect(placeUp(roles, 'gone', Infinity)).toBeUndefined();
  });

  it('goes down to just above the one after the next, and never below everyone', () => {
    expect(placeDown(roles, 'admin')).toBe('guest');
    expect(placeDown(roles, 'singer')).toBe('x');
    expect(placeDown(roles, 'guest')).toBeUndefined();
    expect(placeDown(roles, 'gone')).toBeUndefined();
  });
});

describe('an item about roles', () => {
  it('concerns a member by the member itself', () => {
    expect(concerns(item('memberRoleGiven', { memberId: 'ann', roleId: 'guest' }), 'ann', [])).toBe(true);
    expect(concerns(item('memberRoleTaken', { memberId: 'bob', roleId: 'guest' }), 'ann', ['guest'])).toBe(false);
    expect(concerns(item('overwriteSet', { targetId: 'ann', target: 'member' }), 'ann', [])).toBe(true);
    expect(concerns(item('overwriteSet', { targetId: 'bob', target: 'member' }), 'ann', [])).toBe(false);
  });

  it('concerns a member by a role of theirs, or by the one that everyone has', () => {
    expect(concerns(item('roleChanged', { roleId: 'guest' }), 'ann', ['guest'])).toBe(true);
    expect(concerns(item('roleChanged', { roleId: 'x' }), 'ann', [])).toBe(true);
    expect(concerns(item('roleDeleted', { roleId: 'singer' }), 'ann', ['guest'])).toBe(false);
    expect(concerns(item('overwriteRemoved', { targetId: 'guest' }), 'ann', ['guest'])).toBe(true);
    expect(concerns(item('overwriteRemoved', { targetId: 'x' }), 'ann', [])).toBe(true);
  });

  it('may concern a member whose roles are not known', () =>
    expect(concerns(item('roleDeleted', { roleId: 'singer' }), 'ann', undefined)).toBe(true));

  it('changes no permissions when a role is made or moved', () => {
    expect(concerns(item('roleCreated', { roleId: 'new' }), 'ann', undefined)).toBe(false);
    expect(concerns(item('roleMoved', { roleId: 'guest' }), 'ann', ['guest'])).toBe(false);
  });
});

describe('a colour', () => {
  it('is a number on the server and a hex text in a field', () => {
    expect(hexOf(0x00ff0a)).toBe('#00ff0a');
    expect(hexOf(0)).toBe('#000000');
    expect(colourFrom('#00ff0a')).toBe(0x00ff0a);
  });

  it('is never none when one was chosen', () => {
    expect(colourFrom('#000000')).toBe(1);
    expect(colourFrom('')).toBe(1);
  });
});
